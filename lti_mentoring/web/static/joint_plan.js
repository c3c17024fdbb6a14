/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a joint plan while two people write it. What the other writes into a part that this reader has not touched appears by itself; a
   part that both have changed shows both texts. Without this, the button keeps it. */

import { Autosave, sendAfter } from "./autosave.js";

const form = document.getElementById("joint-plan");
const parts = [...(form?.querySelectorAll("[data-part]") ?? [])].map((field) => ({
  name: field.dataset.part,
  box: field.querySelector("textarea"),
  known: field.querySelector("input[type=hidden]"),
  clash: field.querySelector("[data-clash]"),
}));

/* As the server keeps it. */
const tidy = (text) => text.replace(/\r\n?/g, "\n").trim();

/* A part that clashes is not saved by itself any more: the other's text stands beside it, and the button decides. */
const saved = () => parts.filter(({ clash }) => clash.hidden);

function heard({ revision, parts: kept, clashes }, sent) {
  for (const { name, box, known, clash } of saved()) {
    if (clashes.includes(name)) {
      clash.hidden = false;
      clash.querySelector("[data-kept-words]").textContent = kept[name];
    } else if (tidy(box.value) !== kept[name] && [known.value, tidy(sent[name])].includes(tidy(box.value))) {
      box.value = kept[name];
    }
    known.value = kept[name];
  }
  form.elements.revision.value = revision;
}

if (form) {
  let sent = {};
  const saving = new Autosave({
    url: form.dataset.draft,
    collect: () => {
      sent = Object.fromEntries(saved().map(({ name, box }) => [name, box.value]));
      return { parts: Object.fromEntries(saved().map(({ name, box, known }) => [name, { text: box.value, known: known.value }])) };
    },
    status: form.querySelector("[data-status]"),
    onKept: (json) => heard(json, sent),
    onRefused: (status, json) => {
      if (status === 409) heard(json, sent);
      return status === 409;
    },
  });
  form.addEventListener("input", () => saving.touch());
  sendAfter(saving, form);
}
