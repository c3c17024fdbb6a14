/* SPDX-License-Identifier: Apache-2.0 */
/* Small comforts on every page. Nothing here is needed: each page works without it. */

/* A link in the foot switches dark off, or back to what the reader's system says. */
function lookSwitch(button) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const show = () => {
    button.hidden = !dark.matches;
    button.textContent = root.dataset.look === "light" ? button.dataset.dark : button.dataset.light;
  };
  button.addEventListener("click", () => {
    if (root.dataset.look === "light") delete root.dataset.look;
    else root.dataset.look = "light";
    try {
      localStorage.setItem("look", root.dataset.look ?? "");
    } catch {
      // Blocked storage: the choice holds for this page.
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
}

/* Copies the text of another element. Inside a frame the clipboard may be closed to us: then the text is selected instead. */
function copyButton(button) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span") ?? button;
  button.hidden = !source;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.innerText);
      label.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(source);
      label.textContent = document.execCommand("copy") ? button.dataset.done : button.dataset.select;
    }
    label.setAttribute("role", "status");
  });
}

/* Our English writes days before months. */
const language = () => (document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang);

/* Moments stand in UTC on the page; the reader sees their own zone, in the page's language. */
function localMoment(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const today = at.toDateString() === new Date().toDateString();
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const style = today ? clock : { day: "numeric", month: "short", year: "numeric", ...clock };
  time.title = time.textContent;
  time.textContent = new Intl.DateTimeFormat(language(), style).format(at);
}

/* A form is sent once, however often its button is pressed; coming back with the back button makes it usable again.
   Heard at the document, after the page's own scripts have had their say. */
function once(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.target === "_blank") return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  form.setAttribute("aria-busy", "true");
}

/* After a refused form the first field that does not fit has the focus, so that its message is read out. */
function focusFirstError() {
  if (location.hash) return;
  document.querySelector("[aria-invalid=true], [data-focus]")?.focus();
}

/* While something runs, its live region says how far it is; without this, a link looks again. */
function follow(region) {
  if (region.dataset.follow !== "yes") return;
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(region.id);
      if (!next) return;
      if (next.textContent !== region.textContent) region.replaceChildren(...next.childNodes);
      region.dataset.follow = next.dataset.follow;
      if (next.dataset.follow !== "yes") arrived(region.id, next.ownerDocument);
      for (const time of region.querySelectorAll("time[data-local]")) localMoment(time);
    } catch {
      /* the next time, perhaps */
    }
    follow(region);
  }, 3000);
}

/* What else on the page follows from that work, once it is done. */
function arrived(work, page) {
  for (const old of document.querySelectorAll(`[data-result-of="${work}"]`)) {
    const made = page.getElementById(old.id);
    if (made) old.replaceChildren(...made.childNodes);
    for (const time of old.querySelectorAll("time[data-local]")) localMoment(time);
  }
}

/* Inside a frame, the page may be taken into a window of its own. */
function ownWindow(form) {
  form.hidden = window.parent === window;
  form.elements.page.value = location.pathname + location.search;
}

/* In a frame, the page around it is told how high this page is. It tells nothing else, so that whoever frames it may hear it, and an LMS
   that does not know the message ignores it. */
function tellHeight() {
  if (window.parent === window) return;
  let told = 0;
  let soon;
  const tell = () => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    if (Math.abs(height - told) > 1) window.parent.postMessage({ subject: "lti.frameResize", height }, "*");
    told = height;
  };
  tell(); // at once, before anybody aims at something that would move
  new ResizeObserver(() => {
    clearTimeout(soon);
    soon = setTimeout(tell, 100);
  }).observe(document.documentElement);
}

/* Notes that wait on this device from a room without a network go out from whatever page there is. Most devices have none, and load nothing. */
async function fieldNotes(told) {
  let held = [];
  try {
    held = (await indexedDB.databases?.()) ?? [];
  } catch {
    return; // a browser that keeps nothing holds nothing
  }
  if (held.some(({ name }) => name === "field")) (await import("./field-waiting.js")).start(told);
}

for (const button of document.querySelectorAll("[data-look][type=button]")) lookSwitch(button);
for (const told of document.querySelectorAll("meta[name=field]")) fieldNotes(told);
for (const button of document.querySelectorAll("[data-copy]")) copyButton(button);
for (const time of document.querySelectorAll("time[data-local]")) localMoment(time);
for (const form of document.querySelectorAll("form[data-send-now]")) form.requestSubmit();
for (const region of document.querySelectorAll("[data-follow]")) follow(region);
for (const form of document.querySelectorAll("form[data-own-window]")) ownWindow(form);
tellHeight();
document.addEventListener("submit", once);
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});
focusFirstError();
