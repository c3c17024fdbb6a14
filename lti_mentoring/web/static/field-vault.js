/* SPDX-License-Identifier: Apache-2.0 */
/* What waits on a device until it has a network: kept in IndexedDB, each row encrypted with a key that no script can read out, and bound to
   its person and observation. Where a browser keeps nothing, rows live in this page's memory, and whoever asks is told. */

const NAME = "field";
const ROWS = "rows";
const KEYS = "keys";
const MOST_MS = 14 * 86_400_000;
const MOST_TRIES = 3;

let opened;

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function database() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(ROWS, { keyPath: "key" });
    request.result.createObjectStore(KEYS);
  };
  const db = await asked(request);
  db.onversionchange = () => db.close();
  return db;
}

/* --- two places with the same manners ------------------------------------------------------------------------------------------ */

function onDisk(db) {
  const store = (name, mode) => db.transaction(name, mode, { durability: "strict" }).objectStore(name);
  return {
    lasting: true,
    put: (row) => asked(store(ROWS, "readwrite").put(row)),
    all: () => asked(store(ROWS).getAll()),
    get: (key) => asked(store(ROWS).get(key)),
    drop: (key) => asked(store(ROWS, "readwrite").delete(key)),
    async key(person, { make }) {
      const held = await asked(store(KEYS).get(person));
      if (held || !make) return held;
      const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
      try {
        await asked(store(KEYS, "readwrite").add(made, person));
        return made;
      } catch {
        return asked(store(KEYS).get(person)); // another window was quicker
      }
    },
    /* In one transaction, so that no row of another window comes between. */
    async dropKeys() {
      const both = db.transaction([ROWS, KEYS], "readwrite");
      const used = new Set((await asked(both.objectStore(ROWS).getAll())).map((row) => row.person));
      const keys = both.objectStore(KEYS);
      for (const person of await asked(keys.getAllKeys())) if (!used.has(person)) await asked(keys.delete(person));
    },
  };
}

function inMemory() {
  const rows = new Map();
  const nothing = async () => undefined;
  return {
    lasting: false,
    put: async (row) => void rows.set(row.key, row),
    all: async () => [...rows.values()],
    get: async (key) => rows.get(key),
    drop: async (key) => void rows.delete(key),
    key: nothing,
    dropKeys: nothing,
  };
}

async function place() {
  try {
    const disk = onDisk(await database());
    await disk.all(); // some browsers open what they then refuse to read
    return crypto.subtle ? disk : inMemory();
  } catch {
    return inMemory();
  }
}

const open = () => (opened ??= place());

/* Whether what is kept outlives this page. */
export const lasting = async () => (await open()).lasting;

/* --- rows ------------------------------------------------------------------------------------------------------------------------ */

const keyOf = (kind, { person, observation }, id) => [kind, person, observation, id].join("/");
const bytes = (text) => new TextEncoder().encode(text);

async function seal(disk, key, person, value) {
  const secret = await disk.key(person, { make: true });
  if (!secret) return { plain: value };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const how = { name: "AES-GCM", iv, additionalData: bytes(key) };
  return { iv, box: await crypto.subtle.encrypt(how, secret, bytes(JSON.stringify(value))) };
}

/* -> undefined where its key is gone, or another one is in its place: nobody opens that row any more. */
async function unseal(disk, row) {
  if ("plain" in row) return structuredClone(row.plain);
  const secret = await disk.key(row.person, { make: false });
  if (!secret) return undefined;
  const how = { name: "AES-GCM", iv: row.iv, additionalData: bytes(row.key) };
  try {
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, secret, row.box)));
  } catch {
    return undefined;
  }
}

/* Keep a value under its kind and id. A row stays as old as it is however often it changes, so that its time runs out. */
export async function keep(kind, seat, id, value) {
  const disk = await open();
  const key = keyOf(kind, seat, id);
  const held = await disk.get(key);
  const row = { key, kind, person: seat.person, observation: seat.observation, id, at: held?.at ?? Date.now(), seen: Date.now() };
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const sealed = { ...row, ...(await seal(disk, key, seat.person, value)) };
    await disk.put(sealed);
    if ((await unseal(disk, sealed)) !== undefined) return; // else another window took the key away meanwhile
  }
}

export async function read(kind, seat, id = "") {
  const disk = await open();
  const row = await disk.get(keyOf(kind, seat, id));
  return row && (await unseal(disk, row));
}

/* Every value of a kind at a seat, the oldest first, with its id and how old it is; a row that nobody opens any more keeps none back. */
export async function list(kind, seat) {
  const disk = await open();
  const rows = (await disk.all()).filter((row) => row.kind === kind && row.person === seat.person && row.observation === seat.observation);
  const opened = await Promise.all(rows.map(async (row) => ({ row, value: await unseal(disk, row) })));
  const found = opened.filter(({ value }) => value !== undefined).map(({ row, value }) => ({ ...value, id: row.id, kept: row.at }));
  return found.sort((one, two) => one.kept - two.kept);
}

export async function drop(kind, seat, id = "") {
  const disk = await open();
  await disk.drop(keyOf(kind, seat, id));
}

/* --- seats: who has something here ----------------------------------------------------------------------------------------------- */

/* The seats of which something is kept, of one person or at one observation; the one that was open last comes first. */
export async function seats({ person, observation }) {
  const disk = await open();
  const found = new Map();
  for (const row of (await disk.all()).sort((one, two) => two.seen - one.seen)) {
    if ((person && row.person !== person) || (observation && row.observation !== observation)) continue;
    found.set(`${row.person}/${row.observation}`, { person: row.person, observation: row.observation });
  }
  return [...found.values()];
}

/* This window's own memory of who sits here: it opens for them again without asking. Some frames remember nothing. */
export function mark(person) {
  try {
    sessionStorage.setItem("field", person);
  } catch {
    // then it asks
  }
}

export const marked = () => {
  try {
    return sessionStorage.getItem("field");
  } catch {
    return "";
  }
};

/* Take away what is older than 14 days or opens no more, and each key that locks nothing any more. -> how many notes went unsent. */
export async function tidy(now = Date.now()) {
  const disk = await open();
  const old = [];
  for (const row of await disk.all()) {
    if (now - (row.kind === "note" ? row.at : row.seen) > MOST_MS || (await unseal(disk, row)) === undefined) old.push(row);
  }
  for (const row of old) await disk.drop(row.key);
  await disk.dropKeys();
  return old.filter((row) => row.kind === "note").length;
}

/* Take away everything at a seat, or of a person. */
export async function forget({ person, observation }) {
  const disk = await open();
  for (const row of await disk.all()) {
    if (row.person === person && (!observation || row.observation === observation)) await disk.drop(row.key);
  }
  await disk.dropKeys();
}
