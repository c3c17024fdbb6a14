/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the LMS that its registration window can be closed: by the button, or by itself after a while unless the reader stays.
   The message goes to the LMS's own origins only; a window of somebody else hears nothing. */

function closing(place) {
  const lms = window.opener ?? (window.parent === window ? null : window.parent);
  const status = place.querySelector("[role=status]");
  const [close, stay] = [place.querySelector("[data-close]"), place.querySelector("[data-stay]")];
  if (!lms) return;
  const listed = place.dataset.closing.split(" ");
  const around = window.opener ? undefined : location.ancestorOrigins?.[0];
  const origins = listed.includes(around) ? [around] : listed;
  const tell = () => {
    clearTimeout(timer);
    for (const origin of origins) lms.postMessage({ subject: "org.imsglobal.lti.close" }, origin);
    status.textContent = status.dataset.closed;
    stay.hidden = true;
  };
  const timer = setTimeout(tell, Number(place.dataset.seconds) * 1000);
  status.textContent = status.dataset.soon;
  close.hidden = stay.hidden = false;
  close.addEventListener("click", tell);
  stay.addEventListener("click", () => {
    clearTimeout(timer);
    status.textContent = status.dataset.kept;
    stay.hidden = true;
    close.focus();
  });
}

for (const place of document.querySelectorAll("[data-closing]")) closing(place);
