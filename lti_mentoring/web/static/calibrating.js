/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the rating of a transcript while it is made, and shows which criteria are answered. Without this, the button keeps it. */

import { Autosave, sendAfter } from "./autosave.js";

const form = document.getElementById("calibration");

function answers() {
  return [...form.querySelectorAll("[data-criterion]")].flatMap((row) => {
    const level = row.querySelector("input[type=radio]:checked")?.value;
    return level ? [{ criterion: row.dataset.criterion, level: level === "NO" ? null : Number(level) }] : [];
  });
}

function show(row) {
  const key = row.dataset.criterion;
  const chosen = row.querySelector("input[type=radio]:checked");
  const link = form.querySelector(`[data-jump="${CSS.escape(key)}"]`);
  if (!chosen || !link) return;
  const level = document.createElement("b");
  level.textContent = chosen.value === "NO" ? "–" : chosen.value;
  link.className = "ok";
  link.setAttribute("aria-label", `${key}, ${chosen.dataset.words}`);
  link.replaceChildren(key, level);
  row.querySelector("[data-gap]")?.remove();
}

if (form) {
  const saving = new Autosave({
    url: form.dataset.draft,
    collect: () => ({ number: Number(form.elements.number.value), revision: Number(form.elements.revision.value), text: form.elements.text.value, answers: answers() }),
    status: form.querySelector("[data-status]"),
    onKept: ({ revision }) => {
      form.elements.revision.value = revision;
    },
  });
  form.addEventListener("input", (event) => {
    const row = event.target.closest("[data-criterion]");
    if (!row) return;
    show(row);
    saving.touch();
  });
  sendAfter(saving, form);
}
