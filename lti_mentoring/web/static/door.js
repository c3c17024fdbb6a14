/* SPDX-License-Identifier: Apache-2.0 */
/* Passkeys: asks the server what to sign, the device to sign it, and sends that as an ordinary form. */

const able = Boolean(window.PublicKeyCredential && navigator.credentials);
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : null;

async function asked(url) {
  const token = document.querySelector('meta[name="csrf-token"]');
  const headers = token ? { "X-CSRFToken": token.content } : {};
  const answer = await fetch(url, { method: "POST", headers });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function enter(form) {
  const options = await asked(form.dataset.enter);
  options.challenge = bytes(options.challenge);
  options.allowCredentials = [];
  const made = await navigator.credentials.get({ publicKey: options });
  const { clientDataJSON, authenticatorData, signature, userHandle } = made.response;
  form.elements.credential.value = JSON.stringify({
    id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
    response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature), userHandle: text(userHandle) },
  });
}

async function add(form) {
  const options = await asked(form.dataset.add);
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  options.excludeCredentials = (options.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = await navigator.credentials.create({ publicKey: options });
  form.elements.credential.value = JSON.stringify({
    id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
    response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) },
  });
}

for (const [name, work] of [["enter", enter], ["add", add]]) {
  const form = document.querySelector(`form[data-${name}]`);
  if (form && able) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      try {
        await work(form);
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
}
