/* SPDX-License-Identifier: Apache-2.0 */
/* Days and times are typed in the reader's own zone. Without this they are in UTC, as the page says; the form's offset tells which. */

const pad = (number) => String(number).padStart(2, "0");

/* Minutes by which the reader's clock is ahead of UTC at a time of theirs; the same clock is not always as far ahead. */
const ahead = (day, time) => -new Date(`${day}T${time || "12:00"}`).getTimezoneOffset();

for (const form of document.querySelectorAll("form[data-zone]")) {
  const { offset } = form.elements;
  const day = form.querySelector("input[type=date]");
  const time = form.querySelector("input[type=time]");
  const said = form.querySelector("[data-zone-said]");
  if (day.value && time.value) {
    const at = new Date(Date.parse(`${day.value}T${time.value.slice(0, 5)}Z`) - Number(offset.value) * 60000);
    if (!Number.isNaN(at.getTime())) {
      day.value = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
      time.value = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
    }
  }
  const tell = () => {
    const minutes = ahead(day.value || new Date().toISOString().slice(0, 10), time.value);
    if (!Number.isNaN(minutes)) offset.value = minutes;
  };
  for (const field of [day, time]) field.addEventListener("input", tell);
  form.addEventListener("submit", tell);
  tell();
  said.textContent = said.dataset.zoneSaid.replace("%s", Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/* Times within a choice, such as an option of a list, where no element of their own can stand. */
for (const option of document.querySelectorAll("option[data-at]")) {
  const at = new Date(option.dataset.at);
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  const style = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (!Number.isNaN(at.getTime())) option.textContent = option.dataset.words.replace("%s", new Intl.DateTimeFormat(language, style).format(at));
}
