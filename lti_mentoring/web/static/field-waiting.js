/* SPDX-License-Identifier: Apache-2.0 */
/* On every other page: notes that still wait on this device for this person go out, wherever they have signed in again, and signing out
   takes everything of theirs off the device, after a word where that would lose something. */

import { begun, counted, wake } from "./field-clock.js";
import { deliver } from "./field-send.js";
import { count } from "./field-show.js";
import { forget, list, read, seats, tidy } from "./field-vault.js";

/* -> how many notes were sent, and how many still wait. */
async function sendAll(person) {
  let [sent, left] = [0, 0];
  for (const seat of await seats({ person })) {
    const before = (await list("note", seat)).length;
    const pack = before && (await read("pack", seat));
    const state = pack && { ...begun(), ...(await read("state", seat)) };
    if (state) wake(state);
    const { json } = (pack && (await deliver(seat, { api: pack.api, device: state.device, counted: counted(state) }))) || {};
    const after = (await list("note", seat)).length;
    if (json && !json.open && !after && !(await read("draft", seat))?.text) await forget(seat); // it is over, and all of it has arrived
    sent += before - after;
    left += after;
  }
  return { sent, left };
}

function say(kind, text) {
  const line = Object.assign(document.createElement("p"), { className: `note news ${kind}`, textContent: text });
  line.setAttribute("role", "status");
  document.querySelector("main").prepend(line);
  return line;
}

function guard(form, person, words) {
  let warned = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation(); // it is not on its way yet, so that it may be pressed again
    const { left } = await sendAll(person);
    if (left && !warned) {
      warned = say("wait", count(words, "leaving", left));
      warned.scrollIntoView({ block: "nearest" });
      return;
    }
    await forget({ person });
    form.submit();
  });
}

export async function start(told) {
  const [person, words] = [told.content, JSON.parse(told.dataset.words)];
  for (const form of document.querySelectorAll("form[action$='/sign-out'], form[action$='/guest/leave']")) guard(form, person, words);
  await tidy();
  const { sent, left } = await sendAll(person);
  if (sent) say("ok", count(words, "sent", sent));
  else if (left) say("wait", count(words, "wait", left));
}
