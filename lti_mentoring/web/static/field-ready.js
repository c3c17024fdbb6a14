/* SPDX-License-Identifier: Apache-2.0 */
/* "Ready without network": what must be on this device before somebody leaves for a room without one, and what is missing. */

import { lasting } from "./field-vault.js";

const PATIENCE_MS = 15_000;

const policy = window.trustedTypes?.createPolicy("field", { createScriptURL: (url) => url }) ?? { createScriptURL: (url) => url };
const framed = () => window.parent !== window;

/* The page opens by itself: its shell is kept, and it has a window of its own, since no LMS's page opens without a network. */
async function opens({ worker, shell }) {
  if (framed()) return "frame";
  if (!navigator.serviceWorker) return "browser";
  try {
    await navigator.serviceWorker.register(policy.createScriptURL(worker), { scope: "/courses/", updateViaCache: "none" });
    const late = new Promise((resolve, reject) => setTimeout(reject, PATIENCE_MS));
    await Promise.race([navigator.serviceWorker.ready, late]);
    return (await caches.match(shell)) ? "" : "browser";
  } catch {
    return navigator.serviceWorker.controller ? "" : "browser";
  }
}

/* The browser promises not to clear what waits here when the device is full; it may say no, and mostly keeps it all the same. */
async function promised() {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}

/* -> what is so, by name: "" where all is well, else what is missing. ``content``: whether criteria and names are on this device. */
export async function check(addresses, content) {
  return {
    opens: await opens(addresses),
    keeps: (await lasting()) ? "" : "memory",
    content: content ? "" : "content",
    promised: (await promised()) ? "" : "promise",
  };
}

export const ready = (found) => !found.opens && !found.keeps && !found.content;
