/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the text of a practice task while it is written. Without this, the button keeps it. */

import { Autosave, sendAfter } from "./autosave.js";

const form = document.getElementById("practice");

if (form) {
  const saving = new Autosave({
    url: form.dataset.draft,
    collect: () => ({ revision: Number(form.elements.revision.value), text: form.elements.text.value }),
    status: form.querySelector("[data-status]"),
    onKept: ({ revision }) => {
      form.elements.revision.value = revision;
    },
  });
  form.addEventListener("input", () => saving.touch());
  sendAfter(saving, form);
}
