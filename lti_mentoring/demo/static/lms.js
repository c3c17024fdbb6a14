/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the forms that send themselves, and leaves the tool's frame on the way back. */
document.querySelectorAll("form[data-auto]").forEach((form) => form.submit());
document.querySelectorAll("a[data-break-out]").forEach((link) => {
  window.top.location.href = link.href;
});
