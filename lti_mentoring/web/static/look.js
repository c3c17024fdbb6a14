/* SPDX-License-Identifier: Apache-2.0 */
/* Runs before the first paint: keeps the tool light for readers who switched dark off, since the LMS around us may be light. */
"use strict";
try {
  if (localStorage.getItem("look") === "light") document.documentElement.dataset.look = "light";
} catch {
  // Storage is blocked in this frame; the reader's system decides.
}
