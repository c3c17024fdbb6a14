/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a session where the browser keeps no cookie: links and forms of our pages are fetched with the session in a header, and what
   comes is shown in this page's place. The token lives in this script's memory alone: in no address, in no storage, in no other page.
   The pages know nothing of it. */

import { put, told } from "./storage.js";

const HEADER = "X-Mentoring-Session";
const ONWARD = "X-Mentoring-Onward";
const OURS = /^\/(courses|api)\//;
const MOST_HOPS = 10;

const shell = document.querySelector("[data-carry]");
const { away, unkept } = shell.dataset;
const nonce = document.querySelector("script[nonce]").nonce;
const html = window.trustedTypes?.createPolicy("carry", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
const plainly = window.fetch.bind(window);
const submitPlainly = HTMLFormElement.prototype.submit;

let token = shell.elements.session.value;
let visit = 0;
let warned = "";
let shown = location.href;
shell.elements.session.remove();

/* --- the session, in a header ---------------------------------------------------------------------------------------------- */

function ours(address) {
  const url = new URL(address, location.href);
  return url.origin === location.origin && OURS.test(url.pathname);
}

/* For the pages' own scripts as well: they fetch as they always do. */
window.fetch = async (input, init = {}) => {
  if (!ours(input.url ?? input)) return plainly(input, init);
  const headers = new Headers(init.headers ?? input.headers);
  headers.set(HEADER, token);
  const answer = await plainly(input, { ...init, headers });
  token = answer.headers.get(HEADER) ?? token;
  return answer;
};

/* --- from page to page ------------------------------------------------------------------------------------------------------- */

/* Fetch a page, follow where it leads on to, show it. A page that was overtaken by a later one is not shown. */
async function open(address, { method = "GET", body, how = "push" } = {}) {
  const turn = ++visit;
  let url = new URL(address, location.href);
  busy(true);
  try {
    let answer = await fetch(url, { method, body, headers: { Accept: "text/html" } });
    for (let hops = 0; answer.headers.has(ONWARD) && hops < MOST_HOPS; hops += 1) {
      url = new URL(answer.headers.get(ONWARD), url);
      if (!ours(url)) return location.assign(url);
      answer = await fetch(url, { headers: { Accept: "text/html" } });
    }
    if (!(answer.headers.get("Content-Type") ?? "").startsWith("text/html")) return await keepFile(answer, url);
    const text = await answer.text();
    if (turn === visit) show(url, text, answer.headers.get("Content-Security-Policy"), how);
  } catch {
    if (turn === visit) say(away);
  } finally {
    if (turn === visit) busy(false);
  }
}

function busy(on) {
  if (on) document.body.setAttribute("aria-busy", "true");
  else for (const one of document.querySelectorAll("[aria-busy]")) one.removeAttribute("aria-busy");
}

/* A file is handed to the browser to keep. */
async function keepFile(answer, url) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? url.pathname.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/* Scripts that the server put into the page run, and only they; under a new address each time, since a module runs once. */
function prepare(text, policy) {
  const page = new DOMParser().parseFromString(html.createHTML(text), "text/html");
  const theirs = /'nonce-([^']+)'/.exec(policy ?? "")?.[1];
  for (const script of page.querySelectorAll("script")) {
    const source = new URL(script.getAttribute("src") ?? "", location.origin);
    if (!theirs || script.getAttribute("nonce") !== theirs || source.origin !== location.origin) {
      script.remove();
      continue;
    }
    source.searchParams.set("turn", visit);
    script.setAttribute("src", source.pathname + source.search);
    script.setAttribute("nonce", nonce);
  }
  return `<!doctype html>${page.documentElement.outerHTML}`;
}

function show(url, text, policy, how) {
  const to = url.pathname + url.search + url.hash;
  const page = prepare(text, policy);
  const at = history.state?.at ?? 0;
  if (how === "push" && to !== location.pathname + location.search + location.hash) history.pushState({ at: 0 }, "", to);
  else if (how !== "back") history.replaceState({ at: 0 }, "", to);
  shown = location.href;
  document.open(); // takes the old page's listeners with it
  listen();
  addEventListener("load", () => arrive(how === "back" ? at : 0), { once: true });
  document.write(html.createHTML(page));
  document.close();
}

/* As after a real page: the title is said, the focus and the view are where the page begins, or where the address points. */
function arrive(at) {
  const aim = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const first = aim ?? document.querySelector("h1") ?? document.querySelector("main");
  if (document.activeElement === document.body || aim) {
    if (first && !first.matches("a[href], button, input, select, textarea, [tabindex]")) first.tabIndex = -1;
    first?.focus({ preventScroll: true });
  }
  if (aim) aim.scrollIntoView();
  else scrollTo(0, at);
  say(document.title);
}

/* Said to screen readers; what went wrong is to be seen as well. */
function say(text) {
  document.getElementById("carry-says")?.remove();
  const line = document.createElement("p");
  line.id = "carry-says";
  line.setAttribute("role", text === document.title ? "status" : "alert");
  line.className = text === document.title ? "visually-hidden" : "panel sunk";
  (document.querySelector("main") ?? document.body).prepend(line);
  setTimeout(() => {
    line.textContent = text;
    if (line.className === "panel sunk") line.scrollIntoView({ block: "nearest" });
  }, 50);
}

/* What the page would ask when it is left is said instead, since a frame may not ask; who goes there once more, goes. */
function stays(to) {
  const question = new Event("beforeunload", { cancelable: true });
  if (dispatchEvent(question) || warned === to) {
    warned = "";
    return false;
  }
  warned = to;
  say(unkept);
  return true;
}

/* --- what people do ---------------------------------------------------------------------------------------------------------- */

function onClick(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || link.hasAttribute("download") || !ours(link.href)) return;
  const url = new URL(link.href);
  if (url.hash && url.pathname + url.search === location.pathname + location.search) return;
  event.preventDefault();
  if (!stays(link.href)) open(link.href);
}

/* A field may be called "action" or "method", and hides the form's own; so the attributes are asked. */
function send(form, button = null) {
  const of = (name) => button?.getAttribute(`form${name}`) ?? form.getAttribute(name);
  const fields = new FormData(form);
  if (button?.name) fields.append(button.name, button.value);
  const url = new URL(of("action") ?? location.href, location.href);
  const plain = new URLSearchParams([...fields].filter(([, value]) => typeof value === "string"));
  if ((of("method") ?? "get").toLowerCase() === "post") {
    open(url, { method: "POST", body: of("enctype") === "multipart/form-data" ? fields : plain });
  } else {
    url.search = plain;
    open(url);
  }
}

const goesToUs = (form, button = null) => ours(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href);

function onSubmit(event) {
  if (event.defaultPrevented || !goesToUs(event.target, event.submitter)) return;
  event.preventDefault();
  send(event.target, event.submitter);
}

HTMLFormElement.prototype.submit = function submit() {
  if (goesToUs(this)) send(this);
  else submitPlainly.call(this);
};

/* A step to another place of the same page fetches nothing, so that what was typed in it stays. */
function goBack() {
  if (location.href.split("#")[0] === shown.split("#")[0]) return;
  if (stays(location.href)) history.pushState({ at: scrollY }, "", shown);
  else open(location.href, { how: "back" });
}

/* Heard again after each page; the pages' own listeners come first. A page's script says "leave" where it would set the address. */
function listen() {
  addEventListener("click", onClick);
  addEventListener("submit", onSubmit);
  addEventListener("leave", (event) => {
    event.preventDefault();
    open(event.detail, { how: "replace" });
  });
  addEventListener("popstate", goBack);
  addEventListener("scrollend", () => history.replaceState({ at: scrollY }, ""));
}

listen();
put(told(shell.dataset), null).catch(() => {}); // not needed any more; a page that is gone has forgotten it
open(shell.dataset.page, { how: "replace" });
