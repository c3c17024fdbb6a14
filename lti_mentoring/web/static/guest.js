/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the secret of a link out of the address, so that it stands in no history, and leaves one press to open it: a program that only
   looks at links spends none. */

const form = document.querySelector("[data-door]");
const secret = decodeURIComponent(location.hash.slice(1));

if (form && secret) {
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = secret;
  form.querySelector("[data-paste]").hidden = true;
}
