/* SPDX-License-Identifier: Apache-2.0 */
/* The field page: a clock, one box, and a line that says where the notes are. What is written is on the device first, and on the server as
   soon as there is a network. The server's page and the empty shell are the same to it. */

import { findings } from "./discretion.js";
import * as time from "./field-clock.js";
import { check, ready } from "./field-ready.js";
import { deliver } from "./field-send.js";
import * as show from "./field-show.js";
import * as vault from "./field-vault.js";

const root = document.getElementById("field");
const at = (name) => root.querySelector(`[data-${name}]`);
const words = JSON.parse(root.dataset.words);
const box = root.querySelector("#note");
const framed = window.parent !== window;

const RETRY_MS = [2000, 5000, 15_000, 30_000, 60_000];
const QUIET_MS = 250;
const COUNTERS_MS = 5000;
const OFF_MS = 15_000;
const REMIND_MS = 72 * 3_600_000;

let seat, pack, state, draft;
let waiting = [];
let stored = null;
let devices = {};
let besides = new Set();
let found = null;
let asked = "";
let lost = 0;
let passive = false;
let gone = false;
const net = { why: "", words: "", since: null, tries: 0, sending: false, again: false, timer: 0, staying: false };

/* --- what is kept on the device ---------------------------------------------------------------------------------------------------- */

const fresh = () => ({ id: time.hex(), text: "", second: null, tags: [] });
const keepState = () => gone || vault.keep("state", seat, "", Object.assign(state, { beat: Date.now() }));
const keepDraft = () => gone || vault.keep("draft", seat, "", draft);

/* The server's notes are the server's: a device keeps only how many there are. */
const keepPack = () => gone || vault.keep("pack", seat, "", { ...pack, notes: [], stored: stored?.length ?? pack.stored ?? 0 });

/* Once all is sent, and nothing more is to be written, nothing of it stays on the device. */
async function letGo() {
  if (waiting.length || box.value.trim()) return;
  gone = true;
  await vault.forget(seat);
}

/* Whoever writes on after all has it kept again. */
function comeBack() {
  if (!gone) return;
  gone = false;
  keepPack();
  keepState();
}

let quiet = 0;
function keepTyped() {
  clearTimeout(quiet);
  quiet = 0;
  return keepDraft();
}

function write() {
  comeBack();
  draft.text = box.value;
  if (!draft.text.trim()) draft.second = null;
  else draft.second ??= time.secondFor(state);
  at("from").textContent = draft.second === null ? "" : ` ${words.from.replace("%s", time.clock(draft.second))}`;
  if (asked && asked !== draft.text.trim()) ask([]);
  quiet ||= setTimeout(keepTyped, QUIET_MS); // and not once they pause: some never do
}

function ask(what) {
  asked = what.length ? box.value.trim() : "";
  show.warning(root, what);
  at("keep").querySelector("span").textContent = what.length ? words.anyway : words.keep;
}

/* -> whether it was kept. Words that may tell who somebody is are asked about once. */
async function keepNote() {
  const typed = box.value;
  const text = typed.trim();
  if (!text || state.off !== null || passive || !pack.open) return false;
  const telling = findings(text, pack.names, pack.patterns);
  if (telling.length && asked !== text) {
    ask(telling);
    return false;
  }
  const note = { text: time.sound(text), noted_at: new Date().toISOString(), at_second: draft.second, tag: draft.tags.join(" ") };
  await vault.keep("note", seat, draft.id, note);
  draft = fresh();
  // Whoever wrote on meanwhile goes on with what is new.
  if (box.value !== typed) draft.text = box.value.startsWith(typed) ? box.value.slice(typed.length).trimStart() : box.value;
  if (draft.text.trim()) draft.second = time.secondFor(state);
  fill();
  await keepTyped();
  await paint();
  flush();
  return true;
}

/* A note that still waits goes back into the box, under its own id: whichever words the server has by then, it keeps both. */
async function change({ id, text, at_second, tag }) {
  if (box.value.trim() && !(await keepNote())) return;
  draft = { id, text, second: at_second, tags: tag ? tag.split(" ") : [] };
  fill();
  await keepTyped();
  await vault.drop("note", seat, id);
  await paint();
  box.focus();
}

function fill() {
  box.value = draft.text;
  for (const tag of at("tags").querySelectorAll("input")) tag.checked = draft.tags.includes(tag.value);
  at("from").textContent = draft.second === null ? "" : ` ${words.from.replace("%s", time.clock(draft.second))}`;
  ask([]);
}

/* --- to the server ------------------------------------------------------------------------------------------------------------------ */

function heard(json) {
  stored = json.notes ?? stored; // whoever came by a link that is over is told no more than what has arrived
  devices = json.devices ?? devices;
  for (const { id, kept } of json.stored) if (kept !== id) [id, kept].forEach((one) => besides.add(one));
  Object.assign(pack, { open: json.open, can: json.can });
  if (state.started === null) adopt();
}

/* Another device of the same person has begun the session: its clock is this one's too. */
function adopt() {
  const starts = Object.values(devices).map(({ started_at }) => started_at && Date.parse(started_at)).filter(Boolean);
  if (starts.length) time.start(state, Math.min(...starts));
}

async function flush() {
  clearTimeout(net.timer);
  if (passive) return;
  if (net.sending) {
    net.again = true;
    return;
  }
  net.sending = true;
  net.again = false;
  const answer = await deliver(seat, { api: pack.api, device: state.device, counted: time.counted(state) });
  net.sending = false;
  Object.assign(net, { why: answer.why, words: answer.words ?? "" });
  if (answer.json) heard(answer.json);
  if (answer.why === "") Object.assign(net, { since: null, tries: 0, staying: false });
  else net.since ??= new Date();
  if (answer.why === "away") net.timer = setTimeout(flush, RETRY_MS[Math.min(net.tries++, RETRY_MS.length - 1)]);
  if (net.why === "signed_out") vault.mark("");
  await paint();
  await (pack.open ? keepPack() : letGo());
  if (net.again) await flush();
}

/* Counters go out together, soon. */
function touch() {
  comeBack();
  keepState();
  count();
  if (net.why || net.sending) return;
  clearTimeout(net.timer);
  net.timer = setTimeout(flush, COUNTERS_MS);
}

/* --- showing ------------------------------------------------------------------------------------------------------------------------ */

function count() {
  const second = time.secondOf(state);
  at("clock").textContent = time.clock(second ?? 0);
  at("start").hidden = (second !== null && state.ended === null) || !pack.open;
  at("start").textContent = state.ended === null ? words.start : words.resume;
  at("off").hidden = state.off !== null || state.ended !== null || !pack.open;
  at("silence").hidden = state.off === null;
  at("since").textContent = state.off === null ? "" : words.since.replace("%s", time.clock(state.off));
  const of = time.totals(state, devices);
  show.talk(root, words, of, state.speaking?.who);
  show.questions(root, of, state.taps);
}

function still() {
  const stop = state.off !== null || passive || !pack.open;
  box.readOnly = stop;
  for (const one of root.querySelectorAll("[data-who], [data-question], [data-keep], [data-tags] input")) one.disabled = stop;
  at("elsewhere").hidden = !passive;
  at("cannot").hidden = pack.can ?? true;
}

function line() {
  const [n, mine] = [waiting.length, waiting.filter(({ refused }) => refused).length];
  const waits = n ? show.count(words, "wait", n) : "";
  const old = waiting.some(({ kept }) => Date.now() - kept > REMIND_MS);
  if (net.why === "signed_out") return { kind: "stop", icon: "lock", what: words.signed_out, more: n ? show.count(words, "signed_out", n) : words.signed_out_more };
  if (net.why === "refused") return { kind: "stop", icon: "stop", what: net.words, more: n ? words.still_here : "" };
  if (!pack.open) return { kind: "wait", icon: "lock", what: words.closed, more: n ? words.still_here : "" };
  if (mine) return { kind: "stop", icon: "stop", what: show.count(words, "refused", mine), more: words.refused_more };
  if (n && !net.why && pack.can === false) return { kind: "wait", icon: "wait", what: show.count(words, "held", n), more: words.held_more };
  if (net.why === "away" && net.staying) return { kind: "wait", icon: "off", what: words.sheet_away, more: words.stay };
  const away = { kind: "wait", icon: "off", what: words.away.replace("%s", show.hour(net.since)), more: [waits, found?.keeps ? words.stay : ""].filter(Boolean).join(" ") };
  if (old) return { ...away, what: words.old, more: waits };
  if (net.why === "away") return away;
  if (framed) return { kind: "wait", icon: "window", what: words.framed, more: words.framed_more };
  if (found && !ready(found)) return { kind: "wait", icon: "warn", what: words.not_ready, more: words.not_ready_more };
  if (lost) return { kind: "wait", icon: "info", what: show.count(words, "lost", lost) };
  // Nothing is said to be ready that was not looked at.
  if (!found && !stored?.length) return { kind: "wait", icon: "wait", what: words.checking };
  return { kind: "ok", icon: "ok", what: stored?.length ? words.all_stored : words.ready, more: "" };
}

async function paint() {
  waiting = await vault.list("note", seat);
  const here = waiting.map((note) => ({ ...note, second: note.at_second, mark: note.refused ? "refused" : "waits", why: note.refused || undefined, change: () => change(note) }));
  const there = (stored ?? []).filter(({ id }) => !waiting.some((note) => note.id === id && !besides.has(id)));
  const lines = [...here, ...there.map((note) => ({ ...note, mark: besides.has(note.id) ? "both" : "stored" }))];
  show.kept(root, words, lines, stored ? 0 : (pack.stored ?? 0));
  show.net(root, line());
  count();
  still();
}

async function lookReady() {
  found = await check(root.dataset, Boolean(await vault.read("pack", seat)));
  show.checks(root, words, found);
  Object.assign(at("ready"), { hidden: false, open: state.started === null || !ready(found) });
  await paint();
}

/* --- what people do ------------------------------------------------------------------------------------------------------------------ */

function tool(name, on) {
  at(name).hidden = !on;
  state.tools = { ...state.tools, [name]: on };
}

async function end(event) {
  event.preventDefault();
  const href = at("rate").href;
  if (box.value.trim() && pack.open && state.off === null && !(await keepNote())) return;
  time.goOn(state);
  time.end(state);
  await keepState();
  await flush();
  net.staying = net.why === "away";
  await paint();
  if (net.why) return;
  await letGo();
  const leave = new CustomEvent("leave", { cancelable: true, detail: href });
  if (dispatchEvent(leave)) location.assign(href);
}

function listen() {
  const on = (name, event, does) => at(name).addEventListener(event, does);
  const then = (does) => () => (does(), touch(), paint());
  on("start", "click", then(() => time.start(state)));
  on("off", "click", then(() => time.goOff(state)));
  on("on", "click", then(() => time.goOn(state)));
  on("undo", "click", then(() => time.untap(state)));
  on("rate", "click", end);
  on("check-again", "click", lookReady);
  on("here", "click", () => location.reload());
  for (const button of root.querySelectorAll("[data-who]")) button.addEventListener("click", then(() => (time.start(state), time.speak(state, button.dataset.who))));
  for (const button of root.querySelectorAll("[data-question]")) button.addEventListener("click", then(() => time.tap(state, button.dataset.question)));
  for (const choice of root.querySelectorAll("[data-tool]")) choice.addEventListener("change", then(() => tool(choice.dataset.tool, choice.checked)));
  on("tags", "change", () => {
    draft.tags = [...at("tags").querySelectorAll("input:checked")].map((one) => one.value);
    keepDraft();
  });
  box.addEventListener("input", write);
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepNote().then((kept) => kept && box.focus());
  });
  addEventListener("pageshow", ({ persisted }) => persisted && comeBack());
  addEventListener("online", flush);
  addEventListener("offline", flush);
  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? (keepState(), keepTyped()) : flush()));
  addEventListener("beforeunload", (event) => {
    if (found?.keeps && (waiting.length || box.value.trim())) event.preventDefault();
  });
}

/* Two windows on one device would count twice: the one that was opened last goes on, the other keeps what it has and rests. */
function oneWindow() {
  const channel = new BroadcastChannel("field");
  const mine = `${seat.person}/${seat.observation}`;
  channel.onmessage = async ({ data }) => {
    if (data !== mine || passive) return;
    passive = true;
    clearTimeout(net.timer);
    await Promise.all([keepDraft(), keepState()]);
    await paint();
  };
  channel.postMessage(mine);
  return new Promise((done) => setTimeout(done, 100));
}

/* --- beginning --------------------------------------------------------------------------------------------------------------------- */

const observation = /\/observations\/([^/]+)\/field$/.exec(location.pathname)?.[1];

/* Without the server nobody knows who opens this page, and a device may have more than one owner: whoever it is says so first. */
async function whose() {
  const seats = await vault.seats({ observation });
  const mine = seats.find(({ person }) => person === vault.marked());
  if (mine || !seats.length) return mine;
  const packs = await Promise.all(seats.map((one) => vault.read("pack", one)));
  const chosen = await show.whose(root, words, packs.filter(Boolean));
  return seats.find(({ person }) => person === chosen);
}

async function begin() {
  const given = root.dataset.pack ? JSON.parse(root.dataset.pack) : null;
  lost = await vault.tidy();
  seat = given ? { person: given.person, observation } : await whose();
  pack = given ?? (seat && (await vault.read("pack", seat)));
  if (!pack) return show.net(root, { kind: "stop", icon: "off", what: words.nothing, more: words.nothing_more });
  vault.mark(seat.person);
  await oneWindow();
  stored = given?.notes ?? null;
  devices = pack.devices;
  state = (await vault.read("state", seat)) ?? time.begun();
  time.wake(state);
  draft = (await vault.read("draft", seat)) ?? fresh();
  if (box.value.trim() && box.value !== draft.text) draft.text = [draft.text, box.value].filter(Boolean).join("\n"); // typed while this began
  if (state.started === null) adopt();
  at("name").textContent = pack.candidate;
  at("about").textContent = pack.about;
  at("rate").href = pack.sheet;
  show.criteria(root, pack);
  for (const name of ["clock", "keep", "rate", "tools"]) at(name).hidden = false;
  for (const choice of root.querySelectorAll("[data-tool]")) tool(choice.dataset.tool, (choice.checked = state.tools?.[choice.dataset.tool] ?? false));
  fill();
  listen();
  if (pack.open) await Promise.all([keepPack(), keepState()]);
  await paint();
  if (!pack.open) await letGo();
  setInterval(() => passive || count(), 1000);
  setInterval(() => passive || (state.speaking && keepState()), 10_000);
  setInterval(() => state.off === null || net.why || flush(), OFF_MS); // other ways of writing are told, too, how far nothing is kept
  if (!given || (await vault.list("note", seat)).length) flush();
  await lookReady();
}

begin();
