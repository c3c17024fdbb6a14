/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what somebody writes, silently: one save at a time, the newest state always last, patient while the network is away. */

const QUIET_MS = 800;
const RETRY_MS = [2000, 5000, 15000, 30000];

/* The words come from the page, since they are translated there:
   <span data-kept="Draft kept %s" data-away="Not kept since %s; keep this window open" data-refused="Not kept: %s" role="status">. */
function say(status, kind, detail) {
  if (!status) return;
  status.dataset.state = kind;
  status.textContent = (status.dataset[kind] ?? "").replace("%s", detail);
}

function clock(at = new Date()) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/* fetch with the token that our forms carry. Throws TypeError where the network is away. */
export async function send(url, body, { method = "POST", keepalive = false } = {}) {
  const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
  const answer = await fetch(url, {
    method,
    keepalive,
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  const json = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : {};
  return { ok: answer.ok, status: answer.status, json };
}

/* new Autosave({ url, collect, status, method, onKept, onRefused }).touch() after each change.
   collect() gives the body at the moment of sending; onKept(json) and onRefused(status, json) hear the answer. A true from onRefused says that
   the page now asks its reader something: a form that waited for this answer is not sent, since they pressed before they could read it. */
export class Autosave {
  #options;
  #timer = 0;
  #sending = false;
  #dirty = false;
  #tries = 0;
  #since = null;
  #asked = 0;

  constructor(options) {
    this.#options = { method: "PUT", ...options };
    addEventListener("online", () => this.#dirty && this.flush());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.flush({ keepalive: true }));
    addEventListener("beforeunload", (event) => {
      if (this.#dirty && this.#since) event.preventDefault();
    });
  }

  /* Something changed: save soon. */
  touch() {
    this.#dirty = true;
    this.#wait(QUIET_MS);
  }

  /* Save now if anything waits. Resolves to whether all is kept. */
  async flush({ keepalive = false } = {}) {
    clearTimeout(this.#timer);
    if (this.#sending || !this.#dirty) return !this.#dirty;
    this.#sending = true;
    this.#dirty = false;
    try {
      const answer = await send(this.#options.url, this.#options.collect(), { method: this.#options.method, keepalive });
      this.#heard(answer);
    } catch {
      this.#away();
    } finally {
      this.#sending = false;
    }
    if (this.#dirty && !this.#since) this.#wait(QUIET_MS);
    return !this.#dirty;
  }

  /* Resolves once no save is on its way, or after five seconds: a form that is sent then does not cross its own save.
     -> whether it may be sent: not where the save's answer asks something that was not on the page before. */
  async idle() {
    const asked = this.#asked;
    for (let waited = 0; this.#sending && waited < 5000; waited += 50) await new Promise((done) => setTimeout(done, 50));
    return asked === this.#asked;
  }

  #heard({ ok, status, json }) {
    if (ok) {
      this.#tries = 0;
      this.#since = null;
      say(this.#options.status, "kept", clock());
      this.#options.onKept?.(json);
    } else if (status >= 500 || status === 429) {
      this.#away();
    } else {
      this.#dirty = true;
      this.#since ??= new Date();
      say(this.#options.status, "refused", json.title ?? String(status));
      if (this.#options.onRefused?.(status, json)) this.#asked += 1;
    }
  }

  #away() {
    this.#dirty = true;
    this.#since ??= new Date();
    say(this.#options.status, "away", clock(this.#since));
    this.#wait(RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]);
  }

  #wait(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), ms);
  }
}

/* A form whose fields are saved as they change is sent once no save is on its way, so that the two do not cross. -> whether it is leaving. */
export function sendAfter(saving, form) {
  let leaving = false;
  form.addEventListener("submit", async (event) => {
    if (leaving) return;
    event.preventDefault();
    const button = event.submitter;
    if (!(await saving.idle())) return;
    // A form does not submit again while its submit event is still on its way.
    setTimeout(() => {
      leaving = true;
      form.requestSubmit(button);
    });
  });
  addEventListener("pageshow", () => {
    leaving = false;
  });
  return () => leaving;
}
