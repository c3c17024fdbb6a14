/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the LMS's page to hold a value for us and to give it back, by the messages of LTI platform storage. Nothing waits longer than a
   second a step: then the next way is taken, and the server says what that is. */

/* The window that the LMS's page is in: the one that opened us, else the one around us; none where we stand alone. */
export function lms() {
  if (window.opener) return window.opener;
  return window.parent === window ? null : window.parent;
}

/* The frame that the LMS named; a name that is not there, or may not be looked up, means the LMS's page itself. */
function frameOf(page, name) {
  if (!name || name === "_parent") return page;
  try {
    return page.frames[name] ?? page;
  } catch {
    return page;
  }
}

/* Send one message and wait for its answer: of that origin, that id, that subject, and ``fits``. Whatever else comes is not for us. */
function exchange(to, origin, message, subjects, stepMs, fits = () => true) {
  return new Promise((resolve, reject) => {
    const id = crypto.randomUUID();
    const end = (settle, what) => {
      clearTimeout(timer);
      removeEventListener("message", heard);
      settle(what);
    };
    const heard = ({ data, origin: from }) => {
      if (typeof data !== "object" || data === null || data.message_id !== id) return;
      if ((origin !== "*" && from !== origin) || !subjects.includes(data.subject)) return;
      if (data.error) end(reject, "refused");
      else if (fits(data)) end(resolve, data);
    };
    const timer = setTimeout(() => end(reject, "timeout"), stepMs);
    addEventListener("message", heard);
    try {
      to.postMessage({ ...message, message_id: id }, origin);
    } catch {
      end(reject, "no_page");
    }
  });
}

const ASK = "lti.capabilities";
const OLD = "org.imsglobal.lti.capabilities";

/* Which frame keeps values: what the LMS's page says of itself, else what it said at login. It may be silent, and keep values all the same. */
async function keeper(page, said) {
  let answer;
  try {
    answer = await exchange(page, "*", { subject: ASK }, [`${ASK}.response`, `${OLD}.response`], said.step);
  } catch {
    return frameOf(page, said.target);
  }
  const known = Array.isArray(answer.supported_messages) ? answer.supported_messages : [];
  const offered = (subject) => known.find((one) => one?.subject === subject || one?.subject === `org.imsglobal.${subject}`);
  if (!offered("lti.put_data") || !offered("lti.get_data")) throw "unsupported";
  return frameOf(page, offered("lti.put_data").frame ?? said.target);
}

/* What a page of ours says about the storage, in the data of its element. */
export const told = ({ target, origin, key, step }) => ({ target, origin, key, step: Number(step) });

/* Have a value kept; null takes it away. */
export async function put(said, value) {
  const page = lms();
  if (!page) throw "no_page";
  const to = await keeper(page, said);
  const message = { subject: "lti.put_data", key: said.key, value };
  await exchange(to, said.origin, message, ["lti.put_data.response"], said.step, (data) => data.key === said.key && (data.value ?? null) === value);
}

/* Have it given back. */
export async function get(said) {
  const page = lms();
  if (!page) throw "no_page";
  const to = await keeper(page, said);
  const fits = (data) => data.key === said.key && typeof data.value === "string";
  return (await exchange(to, said.origin, { subject: "lti.get_data", key: said.key }, ["lti.get_data.response"], said.step, fits)).value;
}

async function keep(element) {
  try {
    await put(told(element.dataset), element.dataset.value);
  } catch {
    // The launch will tell: with its cookie it needs no storage, without it the server explains.
  }
  location.replace(element.querySelector("[data-onward]").href);
}

async function ask(form) {
  try {
    form.elements.value.value = await get(told(form.dataset));
    form.elements.failed.value = "";
  } catch (why) {
    form.elements.failed.value = typeof why === "string" ? why : "other";
  }
  form.submit();
}

const element = document.querySelector("[data-storage]");
if (element?.dataset.storage === "keep") keep(element);
if (element?.dataset.storage === "ask") ask(element);
