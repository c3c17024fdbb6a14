/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a note while it is typed. What was kept elsewhere meanwhile is shown beside it. Without this, the button keeps it. */

import { Autosave, sendAfter } from "./autosave.js";

const form = document.getElementById("note");

if (form) {
  const { text, shared, revision } = form.elements;
  const clash = form.querySelector("[data-clash]");
  const before = shared.checked;
  const saving = new Autosave({
    url: form.dataset.draft,
    /* It is shared by the button alone; whoever takes that back means what they type from then on. */
    collect: () => ({ text: text.value, revision: Number(revision.value), shared: before && shared.checked }),
    status: form.querySelector("[data-status]"),
    onKept: (json) => {
      revision.value = json.revision;
    },
    onRefused: (status, json) => {
      if (status !== 409) return false;
      clash.hidden = false;
      clash.querySelector("[data-kept-words]").textContent = json.text;
      revision.value = json.revision;
      return true; // a press that was on its way waits: nobody has read the other words yet
    },
  });
  text.addEventListener("input", () => {
    if (text.value.trim() && clash.hidden) saving.touch();
  });
  sendAfter(saving, form);
}
