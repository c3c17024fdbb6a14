/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps an application while it is written. Without this, the button keeps it. */

import { Autosave, sendAfter } from "./autosave.js";

const form = document.getElementById("application");

/* A fieldset of boxes with one name gives a list; a lone box gives yes or no. */
function answer(name) {
  const fields = [...form.querySelectorAll(`[name="${name}"]`)];
  if (fields[0].type !== "checkbox") return fields[0].value;
  if (!fields[0].closest("fieldset")) return fields[0].checked;
  return fields.filter((one) => one.checked).map((one) => one.value);
}

const value = (name) => form.elements[name]?.value ?? "";

/* Groups of fields such as m1-name, m1-email: one object for each number. */
function people(letter, keys) {
  const numbers = [...form.querySelectorAll(`[name^="${letter}"][name$="-name"]`)].map((one) => one.name.slice(0, -"-name".length));
  return numbers.filter((one) => new RegExp(`^${letter}\\d+$`).test(one)).map((one) => Object.fromEntries(keys.map((key) => [key, value(`${one}-${key}`)])));
}

function collect() {
  const names = new Set([...form.querySelectorAll('[name^="a-"]')].map((one) => one.name));
  return {
    revision: Number(form.elements.revision.value),
    answers: Object.fromEntries([...names].map((name) => [name.slice(2), answer(name)])),
    nobody: form.elements.nobody.checked,
    staff: [...form.querySelectorAll("[name=staff]:checked")].map((one) => one.value),
    managers: people("m", ["kind", "name", "email"]),
    referees: people("r", ["name", "email", "relation"]),
  };
}

if (form) {
  const saving = new Autosave({
    url: form.dataset.draft,
    collect,
    status: form.querySelector("[data-status]"),
    onKept: ({ revision }) => {
      form.elements.revision.value = revision;
    },
  });
  form.addEventListener("input", () => saving.touch());
  sendAfter(saving, form);
}
