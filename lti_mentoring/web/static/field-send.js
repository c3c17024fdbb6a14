/* SPDX-License-Identifier: Apache-2.0 */
/* Brings what waits on a device to the server. Notes have ids of their own, so that sending them twice is harmless; what the server has
   is taken off the device, and not a moment earlier. */

import { send } from "./autosave.js";
import { drop, keep, list, read } from "./field-vault.js";

const MOST = 40;
const STALE = "foreign_form";
const SIGNED_OUT = 401;
const BAD = [400, 413, 422]; // something in it is not taken, whenever it is sent

/* What the server has, and a token for sending: of a page that started without a network, or of a session that began since. */
export async function fetched(api) {
  const answer = await fetch(api, { credentials: "same-origin", headers: { Accept: "application/json" } });
  const json = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : {};
  const token = document.querySelector("meta[name=csrf-token]");
  if (answer.ok && token) token.content = json.csrf;
  return { ok: answer.ok, status: answer.status, json };
}

/* A page without a token, or with one of a session that is over, asks for another one first. */
async function sent(api, body) {
  if (document.querySelector("meta[name=csrf-token]")?.content) {
    const first = await send(api, body);
    if (first.status !== SIGNED_OUT && first.json.code !== STALE) return first;
  }
  const again = await fetched(api);
  return again.ok ? send(api, body) : again;
}

/* How an answer that is not a yes is to be taken: the network, the session, or the observation stands in the way. */
function why({ status, json }) {
  if (status === SIGNED_OUT) return { why: "signed_out" };
  if (status >= 500 || status === 429 || status === 408) return { why: "away" };
  return { why: "refused", words: json.title ?? String(status) };
}

/* Send all that waits at a seat, the oldest first; one by one where together they are not taken, so that one keeps no other back.
   What the server does not take yet stays as it is, for the next time. -> { why: "" | "away" | "signed_out" | "refused", words, json }:
   the newest answer. */
export async function deliver(seat, { api, device, counted = {} }) {
  let json = null;
  let most = MOST;
  try {
    for (;;) {
      const waiting = (await list("note", seat)).filter((note) => !note.refused);
      const notes = waiting.slice(0, most).map(({ id, text, noted_at, at_second, tag }) => ({ id, text, noted_at, at_second, tag }));
      const answer = await sent(api, { person: seat.person, device, notes, ...(most === MOST ? counted : {}) });
      if (BAD.includes(answer.status) && notes.length) {
        if (most === 1) await keep("note", seat, notes[0].id, { ...notes[0], refused: answer.json.title ?? String(answer.status) });
        most = 1;
        continue;
      }
      if (!answer.ok) return { ...why(answer), json };
      json = answer.json;
      for (const { id } of json.stored) {
        // What was changed while it was on its way goes once more, and both stand.
        const text = waiting.find((one) => one.id === id)?.text;
        if ((await read("note", seat, id))?.text === text) await drop("note", seat, id);
      }
      for (const { id, words } of json.refused) {
        const { kept, ...note } = waiting.find((one) => one.id === id) ?? {};
        if (note.id) await keep("note", seat, id, { ...note, refused: words });
      }
      if (waiting.length <= most || !(json.stored.length || json.refused.length)) return { why: "", json };
    }
  } catch (error) {
    if (error instanceof TypeError) return { why: "away", json };
    throw error;
  }
}
