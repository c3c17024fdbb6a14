/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a review while it is written. Without this, the button keeps it. */

import { Autosave, sendAfter } from "./autosave.js";

const form = document.getElementById("review");

function mark(row) {
  const key = row.querySelector("[name=criterion]").value;
  const level = row.querySelector("input[type=radio]:checked")?.value ?? "";
  return { criterion: key, level: level === "" ? null : Number(level), ground: row.querySelector("textarea").value };
}

if (form) {
  const saving = new Autosave({
    url: form.dataset.draft,
    collect: () => ({ revision: Number(form.elements.revision.value), marks: [...form.querySelectorAll(".crit")].map(mark) }),
    status: form.querySelector("[data-status]"),
    onKept: ({ revision }) => {
      form.elements.revision.value = revision;
    },
  });
  form.addEventListener("input", () => saving.touch());
  sendAfter(saving, form);
}
