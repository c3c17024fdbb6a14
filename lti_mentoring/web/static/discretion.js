/* SPDX-License-Identifier: Apache-2.0 */
/* What had better not stand in a note, found with the server's own names and patterns (domain/discretion.py). It warns and never blocks. */

const LOOSE = 5;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

function says(text, name) {
  const flags = name.length >= LOOSE ? "iu" : "u";
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(name).replaceAll("\\-", "-")}(?![\\p{L}\\p{N}_])`, flags).test(text);
}

/* -> [kind, words] of each finding, once. */
export function findings(text, names, patterns) {
  const found = names.filter((name) => says(text, name)).map((name) => ["name", name]);
  for (const [kind, pattern] of Object.entries(patterns)) {
    for (const [words] of text.matchAll(new RegExp(pattern, "g"))) found.push([kind, words]);
  }
  return [...new Map(found.map((one) => [one.join(" "), one])).values()];
}
