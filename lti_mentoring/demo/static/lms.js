/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the forms that send themselves, and leaves the tool's frame on the way back. */
document.querySelectorAll("form[data-auto]").forEach((form) => form.submit());
document.querySelectorAll("a[data-break-out]").forEach((link) => {
  window.top.location.href = link.href;
});
/* As Moodle does it: whoever says so, the frame goes and the list is read again. */
const frame = document.querySelector("iframe[data-closes]");
window.addEventListener("message", (event) => {
  if (frame && event.data && event.data.subject === "org.imsglobal.lti.close") window.location.href = frame.dataset.closes;
});
