/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what the field page knows; everything on it is text, set as text. */

import { clock } from "./field-clock.js";

const say = (words, ...facts) => facts.reduce((text, fact) => text.replace("%s", fact), words);

/* "1 note waits", "3 notes wait": the words stand in pairs. */
export const count = (words, name, number) => say(words[number === 1 ? `${name}_one` : `${name}_many`], number);

export function hour(at) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/* The line about the network: kinds "" wait stop ok. It is said once, however often it is painted. */
export function net(root, { kind = "", icon, what, more = "" }) {
  const line = root.querySelector("[data-net]");
  line.hidden = false;
  line.className = `note ${kind}`.trim();
  line.querySelector("use").setAttribute("href", `#i-${icon}`);
  for (const [part, text] of [["what", what], ["more", more]]) {
    const place = line.querySelector(`[data-net-${part}]`);
    if (place.textContent !== text) place.textContent = text;
  }
}

/* Who of these it is. -> the person who presses, nobody where nobody is known */
export function whose(root, words, packs) {
  if (!packs.length) return undefined;
  const place = root.querySelector("[data-whose]");
  place.hidden = false;
  return new Promise((done) => {
    const buttons = packs.map(({ person, reader }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-quiet", textContent: say(words.me, reader) });
      button.addEventListener("click", () => {
        place.hidden = true;
        done(person);
      });
      return button;
    });
    place.querySelector("[data-people]").replaceChildren(...buttons);
  });
}

const copied = (root, id) => root.querySelector(`#${id}`).content.firstElementChild.cloneNode(true);

/* --- notes ------------------------------------------------------------------------------------------------------------------------ */

const MARKS = { stored: ["ok", "ok"], both: ["ok", "ok"], waits: ["wait", "off"], refused: ["stop", "stop"] };

function noteLine(root, words, { text, second, noted_at, tag, mark, why, change }) {
  const line = copied(root, "line");
  line.querySelector("time").textContent = second === null ? hour(new Date(noted_at)) : clock(second);
  line.querySelector(".said").textContent = text;
  Object.assign(line.querySelector("[data-line-tag]"), { textContent: tag, hidden: !tag });
  const [kind, icon] = MARKS[mark];
  line.querySelector(".state").classList.add(kind);
  line.querySelector(".state use").setAttribute("href", `#i-${icon}`);
  line.querySelector(".state span").textContent = why ?? words[mark];
  if (change) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "link small", textContent: words.change, onclick: change });
    line.querySelector(".row-end").append(button);
  }
  return line;
}

/* Newest first. ``unseen``: how many more are stored, which a device without a network does not show. */
export function kept(root, words, lines, unseen) {
  const newest = [...lines].sort((one, two) => (one.noted_at < two.noted_at ? 1 : -1));
  root.querySelector("[data-kept]").replaceChildren(...newest.map((line) => noteLine(root, words, line)));
  root.querySelector("[data-none]").hidden = lines.length + unseen > 0;
  const waits = lines.filter(({ mark }) => mark !== "stored" && mark !== "both").length;
  const parts = [String(lines.length + unseen), unseen ? count(words, "unseen", unseen) : "", waits ? count(words, "unsent", waits) : ""];
  root.querySelector("[data-count]").textContent = lines.length + unseen ? parts.filter(Boolean).join(" · ") : "";
}

/* --- criteria --------------------------------------------------------------------------------------------------------------------- */

export function criteria(root, pack) {
  const tags = pack.criteria.map(({ key, title }) => {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", value: key });
    box.setAttribute("aria-label", `${key} ${title}`);
    label.append(box, Object.assign(document.createElement("span"), { textContent: key }));
    return label;
  });
  root.querySelector("[data-tags]").append(...tags);
  const buttons = pack.criteria.map((criterion) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "tag", textContent: criterion.key });
    button.setAttribute("aria-label", `${criterion.key} ${criterion.title}`);
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => anchor(root, pack, criterion, button));
    return button;
  });
  root.querySelector("[data-anchors]").append(...buttons);
  root.querySelector("[data-look]").hidden = false;
}

/* What the levels of a criterion look like; pressed again, it goes. */
function anchor(root, pack, { key, title, lang, anchors }, button) {
  const panel = root.querySelector("[data-anchor]");
  const shown = button.getAttribute("aria-expanded") === "true";
  for (const one of root.querySelectorAll("[data-anchors] button")) one.setAttribute("aria-expanded", "false");
  panel.hidden = shown;
  if (shown) return;
  button.setAttribute("aria-expanded", "true");
  const list = Object.assign(document.createElement("dl"), { className: "facts mt-2" });
  anchors.forEach((text, at) => {
    const level = Object.assign(document.createElement("dt"), { textContent: `${at + 1} ${pack.levels[at]}` });
    const act = Object.assign(document.createElement("dd"), { textContent: text, lang, dir: "auto" });
    list.append(level, act);
  });
  const name = Object.assign(document.createElement("p"), { className: "strong small", textContent: `${key} ${title}`, lang, dir: "auto" });
  panel.replaceChildren(name, list);
}

/* --- counters and checks ------------------------------------------------------------------------------------------------------------ */

export function talk(root, words, of, speaking) {
  const seconds = { mentor: of("mentor"), protege: of("protege") };
  for (const button of root.querySelectorAll("[data-who]")) {
    button.setAttribute("aria-pressed", String(speaking === button.dataset.who));
    button.querySelector("b").textContent = clock(seconds[button.dataset.who]).replace(/^0(\d)/, "$1");
  }
  const all = seconds.mentor + seconds.protege;
  const share = all ? Math.round((100 * seconds.mentor) / all) : 0;
  root.querySelector("[data-share]").textContent = all ? say(words.share, share) : "";
  root.querySelector("[data-part]").setAttribute("width", `${share}%`);
}

export function questions(root, of, taps) {
  for (const button of root.querySelectorAll("[data-question]")) button.querySelector("b").textContent = of(button.dataset.question);
  root.querySelector("[data-undo]").disabled = taps.length === 0;
}

/* ``found``: what is so, by name; empty where all is well. What is only a pity is no fault. */
export function checks(root, words, found) {
  const lines = Object.entries(found).map(([name, missing]) => {
    const line = copied(root, "check");
    const kind = missing ? (name === "promised" ? "" : "wait") : "ok";
    if (kind) line.classList.add(kind);
    line.querySelector("use").setAttribute("href", `#i-${missing ? (kind ? "warn" : "open") : "ok"}`);
    line.querySelector("span").textContent = words.checks[name];
    line.querySelector("p").textContent = missing ? words.missing[missing] : "";
    return line;
  });
  root.querySelector("[data-checks]").replaceChildren(...lines);
  const window = root.querySelector("[data-window]");
  if (window) window.hidden = found.opens !== "frame";
}

export function warning(root, found) {
  const place = root.querySelector("[data-warning]");
  if (!found.length) return place.replaceChildren();
  const note = copied(root, "warn");
  note.querySelector("[data-found]").textContent = found.map(([, text]) => `“${text}”`).join(", ");
  place.replaceChildren(note);
}
