/* SPDX-License-Identifier: Apache-2.0 */
/* What a page around a tool's frame does for it: keeps its values where the browser keeps no cookies (LTI platform storage), and gives
   the frame the height that the tool asks for. The manners are those of LMSs that do not do it well. */
"use strict";

const MOST_KEYS = 50;
const MOST_CHARACTERS = 4096;

const { tool, target, manner } = document.currentScript.dataset;
const kept = new Map();

function capabilities() {
  const frame = target === "_parent" ? {} : { frame: target };
  const storage = target ? [{ subject: "lti.put_data", ...frame }, { subject: "lti.get_data", ...frame }] : [];
  return { supported_messages: [{ subject: "lti.capabilities" }, { subject: "lti.frameResize" }, ...storage] };
}

const wrong = (code, message) => ({ error: { code, message } });

function keep({ key, value }) {
  if (typeof key !== "string" || !key) return wrong("bad_request", "A key is wanted.");
  if (value === null || value === undefined) {
    kept.delete(key);
    return { key };
  }
  if (typeof value !== "string") return { key, ...wrong("bad_request", "A value is text.") };
  const full = manner === "full" || value.length > MOST_CHARACTERS || (kept.size >= MOST_KEYS && !kept.has(key));
  if (full) return { key, ...wrong("storage_exhaustion", "There is no room.") };
  kept.set(key, value);
  return { key, value };
}

/* The frame that speaks is made as high as it asks, within reason. */
function resize(source, { height }) {
  const frame = [...document.querySelectorAll("iframe")].find((one) => one.contentWindow === source);
  if (!frame || !Number.isFinite(height)) return wrong("bad_request", "A height is wanted.");
  const border = frame.offsetHeight - frame.clientHeight;
  frame.style.height = `${Math.min(Math.max(height, 200), 6000) + border}px`;
  return { height };
}

function answerTo({ data, source, origin }) {
  if (data.subject === "lti.capabilities") return capabilities();
  if (data.subject === "lti.frameResize") return resize(source, data);
  const keeping = data.subject === "lti.put_data" || data.subject === "lti.get_data";
  if (!keeping || !target) return wrong("unsupported_subject", "This page does not know that message.");
  if (origin !== tool) return wrong("wrong_origin", "This page keeps values for its own tool only.");
  if (data.subject === "lti.put_data") return keep(data);
  const value = manner === "forgets" ? undefined : kept.get(data.key);
  return value === undefined ? { key: data.key, value: null } : { key: data.key, value };
}

/* Somebody else's page, with another origin, answers in our place. */
function foreign(answer) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.hidden = true;
  const said = JSON.stringify(answer).replaceAll("<", "\\u003c");
  frame.srcdoc = `<script>parent.frames.tool.postMessage(${said}, "*")<` + "/script>";
  document.body.append(frame);
}

addEventListener("message", (event) => {
  const { data, source, origin } = event;
  if (typeof data !== "object" || data === null || typeof data.subject !== "string" || !data.subject.startsWith("lti.")) return;
  if (data.subject.endsWith(".response") || manner === "silent") return;
  const answer = { subject: `${data.subject}.response`, message_id: data.message_id, ...answerTo(event) };
  if (manner === "foreign") foreign(answer);
  else source?.postMessage(answer, origin); // none where its page has gone on meanwhile
});
