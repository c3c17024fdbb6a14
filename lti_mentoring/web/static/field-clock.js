/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of a session and what is counted on it, as plain values; nothing is ever counted down, so that devices can be added up. */

const MOST_UNDONE = 50;
const MOST = 100_000; // as the server has it (domain/field.py)
const LONGEST = 12 * 3600;
const GAP_MS = 60_000;
const MOST_SPANS = 500;

const hex = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export { hex };

/* A text as it can be kept anywhere: without NUL and halves of characters, which no database takes. */
export const sound = (text) => text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]|\0/g, (at) => (at.length === 2 ? at : ""));

export const begun = () => ({ device: hex(), started: null, ended: null, off: null, pauses: [], talk: { mentor: 0, protege: 0 }, speaking: null, counts: {}, taps: [] });

/* Seconds since the session began; null before. It stands still once the session has ended. */
export function secondOf(state, now = Date.now()) {
  return state.started === null ? null : Math.max(0, Math.floor(((state.ended ?? now) - state.started) / 1000));
}

/* The second that a note begins in; null outside of a session, and where a clock was left running. */
export function secondFor(state, now = Date.now()) {
  const second = secondOf(state, now);
  return state.ended !== null || second > LONGEST ? null : second;
}

export function start(state, now = Date.now()) {
  state.started ??= now;
  state.ended = null;
}

export function end(state, now = Date.now()) {
  settle(state, now);
  state.speaking = null;
  if (state.started !== null) state.ended ??= now;
}

/* A page that was closed while somebody spoke has heard no more of it than it lived to see. */
export function wake(state, now = Date.now()) {
  if (!state.speaking || now - state.beat < GAP_MS) return;
  settle(state, state.beat);
  state.speaking = null;
}

/* What somebody's running turn has come to is added; the next one begins. */
function settle(state, now) {
  if (!state.speaking) return;
  state.talk[state.speaking.who] += Math.max(0, now - state.speaking.since);
  state.speaking.since = now;
}

/* Somebody speaks from now on; pressed again, nobody does. */
export function speak(state, who, now = Date.now()) {
  settle(state, now);
  state.speaking = state.speaking?.who === who ? null : { who, since: now };
}

export function tap(state, question) {
  state.counts[question] = (state.counts[question] ?? 0) + 1;
  state.taps = [...state.taps, question].slice(-MOST_UNDONE);
}

/* The last tap is taken back, by a count of its own. */
export function untap(state) {
  const question = state.taps.pop();
  if (question) state.counts[`${question}_back`] = (state.counts[`${question}_back`] ?? 0) + 1;
}

/* Off the record: from now on nothing is kept, and nobody's talk is counted. */
export function goOff(state, now = Date.now()) {
  start(state, now);
  settle(state, now);
  state.speaking = null;
  state.off ??= secondOf(state, now);
}

export function goOn(state, now = Date.now()) {
  if (state.off === null) return;
  state.pauses.push([state.off, Math.max(secondOf(state, now), state.off + 1)]);
  state.off = null;
}

/* What the server is told: the counts of this device as they stand now. */
export function counted(state, now = Date.now()) {
  const running = (who) => (state.speaking?.who === who ? Math.max(0, now - state.speaking.since) : 0);
  const seconds = (who) => Math.min(MOST, Math.floor((state.talk[who] + running(who)) / 1000));
  const open = state.off === null || secondOf(state, now) <= state.off ? [] : [[state.off, secondOf(state, now)]];
  const within = (spans) => spans.filter(([from]) => from < MOST).map(([from, to]) => [from, Math.min(to, MOST)]);
  const iso = (at) => (at === null ? null : new Date(at).toISOString());
  return {
    counts: { ...state.counts, mentor: seconds("mentor"), protege: seconds("protege") },
    pauses: within([...state.pauses, ...open]).slice(-MOST_SPANS),
    started_at: iso(state.started),
    ended_at: iso(state.ended),
  };
}

/* This device and the others of the same person, added up. */
export function totals(state, devices, now = Date.now()) {
  const others = Object.entries(devices).filter(([device]) => device !== state.device);
  const all = [counted(state, now).counts, ...others.map(([, said]) => said.counts)];
  const of = (name) => all.reduce((sum, counts) => sum + (counts[name] ?? 0), 0);
  return (name) => Math.max(0, of(name) - of(`${name}_back`));
}

export function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
