/* SPDX-License-Identifier: Apache-2.0 */
/* The rating sheet keeps itself: changed criteria go to the server as they change, notes one by one under ids of their own.
   The form works without this; nothing here decides a rule. */

import { Autosave, send, sendAfter } from "./autosave.js";

const form = document.getElementById("sheet");
const words = form ? JSON.parse(form.dataset.words) : {};
const rows = new Map();
const clashes = new Set();
let inFlight = new Map();
let held = "";

/* --- what a row says ------------------------------------------------------------------------------------------------------ */

function read(row) {
  const level = row.querySelector("input[type=radio]:checked")?.value ?? "";
  return {
    level: level === "" || level === "NO" ? null : Number(level),
    not_observed: level === "NO",
    reason: row.querySelector("input[list]").value.trim(),
    notes: [...row.querySelectorAll("[data-options] input:checked")].map((box) => box.value).sort(),
  };
}

function write(row, rating) {
  const value = rating.not_observed ? "NO" : String(rating.level ?? "");
  for (const radio of row.querySelectorAll("input[type=radio]")) radio.checked = radio.value === value;
  row.querySelector("input[list]").value = rating.reason;
  for (const box of row.querySelectorAll("[data-options] input")) box.checked = rating.notes.includes(box.value);
}

const asText = ({ level, not_observed, reason, notes }) => JSON.stringify([level, not_observed, reason, [...notes].sort()]);

const spare = (row) => "spare" in row.dataset; // not among what this session looks at

function gap(row, rating) {
  if (rating.level === null && !rating.not_observed) return "open";
  if (rating.not_observed) return rating.reason || spare(row) ? "" : "reason";
  return rating.level > 1 && rating.notes.length === 0 ? "evidence" : "";
}

/* --- showing it ------------------------------------------------------------------------------------------------------------- */

function show(key) {
  const { row } = rows.get(key);
  const rating = read(row);
  const missing = gap(row, rating);
  row.querySelector("[data-gap]").hidden = missing !== "evidence";
  const boxes = [...row.querySelectorAll("[data-options] .pick")];
  row.querySelector("[data-none]").hidden = boxes.length > 0;
  row.querySelector("[data-count]").textContent = `${rating.notes.length}/${boxes.length}`;
  const linked = boxes.filter((box) => box.querySelector("input").checked).map((box) => {
    const line = document.createElement("li");
    line.className = "said";
    line.dir = "auto";
    line.textContent = box.querySelector(".said").textContent;
    return line;
  });
  row.querySelector("[data-linked]").replaceChildren(...linked);
  jump(key, rating, missing);
}

function jump(key, rating, missing) {
  const link = form.querySelector(`[data-jump="${CSS.escape(key)}"]`);
  const said = rating.not_observed ? words.none : `${words.level} ${rating.level}`;
  link.className = missing === "open" ? "" : missing ? "wait" : "ok";
  link.setAttribute("aria-label", [key, missing === "open" ? "" : said, words[missing] ?? ""].filter(Boolean).join(", "));
  link.replaceChildren(missing && missing !== "open" ? `${key} !` : key);
  if (!missing) {
    const level = document.createElement("b");
    level.textContent = rating.level ?? "–";
    link.append(level);
  }
}

function showRelease() {
  const open = [...rows.values()].some(({ row }) => !["", ...(spare(row) ? ["open"] : [])].includes(gap(row, read(row)))) || Boolean(form.querySelector("button[value=consent]"));
  form.querySelector("[data-release] span").textContent = open ? words.review : words.release;
}

/* --- two windows -------------------------------------------------------------------------------------------------------------- */

function showClash(key, kept) {
  const { row } = rows.get(key);
  clashes.add(key);
  row.querySelector("[data-clash-note]")?.remove();
  const note = document.getElementById("clash").content.firstElementChild.cloneNode(true);
  const texts = [...row.querySelectorAll("[data-options] .pick")]
    .filter((box) => kept.notes.includes(box.querySelector("input").value))
    .map((box) => `“${box.querySelector(".said").textContent}”`);
  const level = kept.not_observed ? words.none : kept.level === null ? words.open : `${words.level} ${kept.level}`;
  note.querySelector("[data-kept-words]").textContent = [level, kept.reason, ...texts].filter(Boolean).join(" · ");
  const settle = () => {
    clashes.delete(key);
    note.remove();
    show(key);
    showRelease();
    saving.touch();
    row.querySelector("input[type=radio]:checked, input[type=radio]").focus();
  };
  rows.get(key).known = asText(kept);
  note.querySelector("[data-mine]").addEventListener("click", settle);
  note.querySelector("[data-theirs]").addEventListener("click", () => {
    write(row, kept);
    settle();
  });
  row.querySelector(".below").prepend(note);
}

/* --- saving ------------------------------------------------------------------------------------------------------------------- */

function collect() {
  const ratings = [];
  inFlight = new Map();
  for (const [key, { row, known }] of rows) {
    const rating = read(row);
    if (clashes.has(key) || asText(rating) === known) continue;
    inFlight.set(key, asText(rating));
    ratings.push({ criterion: key, ...rating });
  }
  return { revision: Number(form.elements.revision.value), ratings };
}

function kept(json) {
  form.elements.revision.value = json.revision;
  const clashing = new Set(json.clashes.map((clash) => clash.criterion));
  // Reasons that are not taken yet stay in the page, and go out with the next save.
  const waits = (sent) => json.waits && JSON.parse(sent)[2];
  held = json.waits ?? "";
  for (const [key, sent] of inFlight) if (!clashing.has(key) && !waits(sent)) rows.get(key).known = sent;
  if (held) form.querySelector("[data-status]").textContent = held;
  for (const clash of json.clashes) showClash(clash.criterion, clash.kept);
}

const saving = form && new Autosave({
  url: form.dataset.draft,
  collect,
  status: form.querySelector("[data-status]"),
  onKept: kept,
  onRefused: (status, json) => {
    if (json.code !== "draft_conflict") return false;
    kept(json);
    return true;
  },
});

/* --- notes -------------------------------------------------------------------------------------------------------------------- */

const hex = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function clock(time) {
  const style = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, style).format(new Date(time.dateTime));
}

function addNote({ id, text, noted_at }) {
  if (form.querySelector(`[data-options] input[value="${CSS.escape(id)}"]`)) return;
  const line = document.getElementById("line").content.firstElementChild.cloneNode(true);
  line.querySelector("time").dateTime = noted_at;
  clock(line.querySelector("time"));
  line.querySelector(".said").textContent = text;
  form.querySelector("[data-evidence]").append(line);
  for (const [key, { row }] of rows) {
    const pick = document.getElementById("pick").content.firstElementChild.cloneNode(true);
    Object.assign(pick.querySelector("input"), { name: `notes-${key}`, value: id });
    pick.querySelector(".said").textContent = text;
    row.querySelector("[data-options]").append(pick);
    show(key);
  }
}

async function keepNote(event) {
  const box = form.elements.note;
  event.preventDefault();
  const text = box.value.trim();
  if (!text) return box.focus();
  const status = form.querySelector("[data-note-status]");
  try {
    // The id stays the same until the server has answered, so pressing again never keeps the note twice.
    const { ok, json } = await send(form.dataset.notes, { id: form.elements.note_id.value, text });
    status.textContent = ok ? "" : (json.title ?? words.note);
    if (!ok) return;
    if (box.value.trim() === text) box.value = "";
    form.elements.note_id.value = hex();
    addNote(json);
  } catch {
    status.textContent = words.note;
  }
  box.focus();
}

/* --- beginning ------------------------------------------------------------------------------------------------------------------ */

if (form) {
  for (const row of form.querySelectorAll("[data-criterion]")) {
    const known = JSON.parse(row.dataset.known);
    rows.set(row.dataset.criterion, { row, known: asText(known) });
    if ("clash" in row.dataset) showClash(row.dataset.criterion, known);
  }
  for (const time of form.querySelectorAll("time[data-clock]")) clock(time);
  form.addEventListener("input", (event) => {
    const key = event.target.closest("[data-criterion]")?.dataset.criterion;
    if (!key) return;
    show(key);
    showRelease();
    saving.touch();
  });
  form.querySelector("[data-keep-note]")?.addEventListener("click", keepNote);
  // What a page gives back after a refusal is not kept yet: it goes out, and leaving asks.
  if (collect().ratings.length) saving.touch();
  const leaving = sendAfter(saving, form);
  addEventListener("beforeunload", (event) => {
    if (!leaving() && (held || form.elements.note?.value.trim())) event.preventDefault();
  });
}
