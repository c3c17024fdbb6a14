/* SPDX-License-Identifier: Apache-2.0 */
/* Lets the field page open without a network: keeps its empty shell and its static files, and never a page with anything of anybody.
   The server puts "FIELD" before this: the version, the shell's address and the files. */

/* global FIELD */

const CACHE = `field-${FIELD.version}`;
const PAGE = /^\/courses\/[^/]+\/observations\/[^/]+\/field$/;
const PATIENCE_MS = 4000;
const OUT_OF_REACH = 401;
const BROKEN = 500;

self.addEventListener("install", (event) => {
  const fresh = [FIELD.shell, ...FIELD.files].map((url) => new Request(url, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("field-") && name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

const held = async (request) => (await caches.open(CACHE)).match(request);

/* The network, unless it keeps one waiting: a room may have a network that leads nowhere. */
function inTime(request) {
  return new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE_MS);
    fetch(request).then(resolve, reject);
  });
}

/* Where the server cannot be reached, or no longer knows who this is, the shell opens, so that whoever writes can go on. */
async function page(request) {
  try {
    const answer = await inTime(request);
    if (answer.status !== OUT_OF_REACH && answer.status < BROKEN) return answer;
    return (await held(FIELD.shell)) ?? answer;
  } catch {
    return (await held(FIELD.shell)) ?? Response.error();
  }
}

/* A file whose address names its version never changes; another one is as the server has it, if that answers. */
async function file(request, versioned) {
  if (versioned) return (await held(request)) ?? fetch(request);
  try {
    return await inTime(request);
  } catch {
    return (await held(request)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && PAGE.test(url.pathname)) event.respondWith(page(request));
  else if (FIELD.files.includes(url.pathname + url.search)) event.respondWith(file(request, url.searchParams.has("v")));
});
