/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps an answer in the background, so that a lost connection loses nothing. Without this script the form works as it is. */

const RETRY_MS = 4000;

const ONE = ["choice", "text"];
const MANY = ["choices", "ticks"];
const EACH = { cards: "card-", levels: "level-" };

const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** The answer that a form holds, as the JSON address takes it. */
function answerOf(form) {
  const answer = { step: Number(form.elements.step.value) };
  for (const [name, value] of new FormData(form)) {
    if (ONE.includes(name)) answer[name] = value;
    if (MANY.includes(name)) (answer[name] ??= []).push(value);
    for (const [field, start] of Object.entries(EACH)) {
      if (name.startsWith(start)) (answer[field] ??= {})[name.slice(start.length)] = value;
    }
  }
  return answer;
}

/** "kept"; "refused", where the server has words for the reader; or "unreachable", where waiting may help. */
async function send(form) {
  try {
    const reply = await fetch(form.dataset.api, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify(answerOf(form)),
    });
    if (reply.ok) return "kept";
    return reply.status >= 500 ? "unreachable" : "refused";
  } catch {
    return "unreachable";
  }
}

function enhance(form) {
  const waiting = form.querySelector("[data-waiting]");
  const button = form.querySelector('[type="submit"]');
  const text = form.querySelector("[data-text]");
  let sending = false;
  let leaving = false;

  const attempt = async () => {
    const outcome = await send(form);
    if (outcome === "kept") {
      // The step makes the address a new one, so that the browser loads the page and does not only jump within it.
      leaving = true;
      const to = `${form.action}?kept=${form.elements.step.value}#answer`;
      if (dispatchEvent(new CustomEvent("leave", { detail: to, cancelable: true }))) location.replace(to);
    } else if (outcome === "refused") {
      leaving = true;
      form.submit();
    } else {
      waiting.hidden = false;
      setTimeout(attempt, RETRY_MS);
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    attempt();
  });

  if (text) {
    count(text, form.querySelector("[data-count]"));
    addEventListener("beforeunload", (event) => {
      if (!leaving && text.value !== text.defaultValue) event.preventDefault();
    });
  }
}

/** Says under a text how many words it has, for those who see it; the limit stands above it for everybody. */
function count(text, line) {
  const say = () => {
    line.textContent = line.dataset.count.replace("%s", text.value.split(/\s+/).filter(Boolean).length);
  };
  line.hidden = false;
  text.addEventListener("input", say);
  say();
}

document.querySelectorAll("form[data-api]").forEach(enhance);
if (location.hash === "#answer") document.getElementById("answer")?.focus();
