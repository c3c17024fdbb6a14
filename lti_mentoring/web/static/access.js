/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the browser to let this frame have its cookies (Storage Access), where it can be asked; a press of a button is what it wants first.
   Then the login begins anew here, or, where an LMS lets a login begin only once, the reader is told to open the activity again. */

const button = document.querySelector("[data-access]");

async function refusedSoFar() {
  if (!button || window.parent === window || !document.requestStorageAccess) return false;
  return !(await document.hasStorageAccess?.());
}

if (await refusedSoFar()) {
  const says = document.getElementById(button.dataset.access);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await document.requestStorageAccess();
    } catch {
      says.textContent = button.dataset.refused;
      return;
    }
    const form = document.querySelector("form[data-restart]");
    if (!form) {
      says.textContent = button.dataset.allowed;
      return;
    }
    form.target = "_self";
    form.submit();
  });
}
