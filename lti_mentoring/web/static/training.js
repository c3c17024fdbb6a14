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

const IDEOGRAPH = /[\u2e80-\u2fd5\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\u{20000}-\u{3ffff}]/gu;
const RUN = /[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3]+/gu;

/** The words of what stands between two blanks, by the rule of domain/word.py. */
function wordsOf(piece) {
  const ideographs = piece.match(IDEOGRAPH) ?? [];
  const rest = piece.replace(IDEOGRAPH, " ");
  const runs = rest.match(RUN) ?? [];
  if (!ideographs.length && !runs.length) return 1;
  const others = rest.replace(RUN, " ").split(/\s+/).filter((part) => /[\p{L}\p{N}]/u.test(part));
  const inRuns = runs.map((run) => Math.max(Math.ceil((run.match(/\p{L}/gu) ?? []).length / 4), 1));
  return ideographs.length + others.length + inRuns.reduce((sum, some) => sum + some, 0);
}

/** Says under a text how many words it has, for those who see it; the limit stands above it for everybody. */
function count(text, line) {
  const say = () => {
    line.textContent = line.dataset.count.replace("%s", text.value.split(/\s+/).filter(Boolean).reduce((sum, piece) => sum + wordsOf(piece), 0));
  };
  line.hidden = false;
  text.addEventListener("input", say);
  say();
}

document.querySelectorAll("form[data-api]").forEach(enhance);
if (location.hash === "#answer") document.getElementById("answer")?.focus();
