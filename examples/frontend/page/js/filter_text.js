// The part of the text form of filters that chips edit: conditions on a source, tag or group at
// the top level, such as source:instagram, tag:hot-lead and -tag:customer. The rest of the text
// stays as it was typed.

// items splits a text at white space outside quotes and parentheses.
export function items(text) {
  const found = [];
  let item = "", depth = 0, quoted = false;
  const end = () => { if (item) found.push(item); item = ""; };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === "\\") { item += c + (text[++i] ?? ""); continue; }
    if (c === '"') quoted = !quoted;
    if (!quoted && c === "(") depth++;
    if (!quoted && c === ")") depth--;
    if (/\s/.test(c) && !quoted && depth <= 0) end();
    else item += c;
  }
  end();
  return found;
}

// condition parses an item that chips can show, or returns undefined.
function condition(item) {
  const match = /^(-?)(source|tag|group):(.+)$/is.exec(item);
  if (!match) return;
  const values = [];
  for (let rest = match[3]; ; rest = rest.slice(1)) {
    const value = /^(?:"((?:[^"\\]|\\.)*)"|([^\s"“”(),*<>=]+))/s.exec(rest);
    if (!value) return;
    values.push(value[1] !== undefined ? value[1].replace(/\\(.)/gs, "$1") : value[2]);
    rest = rest.slice(value[0].length);
    if (!rest) break;
    if (rest[0] !== ",") return;
  }
  return { not: match[1] === "-", field: match[2].toLowerCase(), values };
}

// fold returns the form in which spellings of a name are equal.
export const fold = (name) => name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim().replace(/\s+/g, " ");

// term writes a condition.
function term(field, values, not) {
  const plain = /^[\p{L}\p{N}_][\p{L}\p{N}_.@&+'/-]*$/u;
  const written = values.map((value) => plain.test(value) && !value.includes("..") ? value : `"${value.replace(/["\\]/g, "\\$&")}"`);
  return `${not ? "-" : ""}${field}:${written.join(",")}`;
}

const isList = (item) => item === "OR";
const joins = (item) => item === "AND" || item === "NOT" || isList(item);

// conditions lists the items with the conditions that chips show. Items joined by OR or after
// NOT have none.
function conditions(text) {
  const all = items(text);
  const or = all.some(isList);
  return all.map((item, i) => ({ item, is: or || all[i - 1] === "NOT" ? undefined : condition(item) }));
}

// stateOf returns the state of one source, tag or group in a text: "has", "not" or "".
export function stateOf(text, field, name) {
  const wanted = fold(name);
  for (const { is } of conditions(text)) {
    if (is?.field !== field || !is.values.some((value) => fold(value) === wanted)) continue;
    if (is.not) return "not";
    if (is.values.length === 1 || field === "source") return "has";
  }
  return "";
}

// withState returns the text with a new state of one source, tag or group. A visitor has one
// source, so several sources are one condition: any of them.
export function withState(text, field, name, state) {
  const wanted = fold(name);
  let kept = [], placed = false;
  for (const { item, is } of conditions(text)) {
    const mine = is?.field === field && is.values.some((value) => fold(value) === wanted);
    const joinable = field === "source" && state === "has" && is?.field === field && !is.not && !placed;
    if (joinable && !mine) {
      kept.push(term(field, [...is.values, name], false));
      placed = true;
    } else if (!mine || (!is.not && is.values.length > 1 && field !== "source")) {
      kept.push(item);
    } else {
      const others = is.values.filter((value) => fold(value) !== wanted);
      if (others.length) kept.push(term(field, others, is.not));
      else if (kept.at(-1) === "AND") kept.pop();
    }
  }
  while (kept.length && kept[0] === "AND") kept.shift();
  if (state && !placed) {
    if (kept.some(isList)) kept = [`(${kept.join(" ")})`];
    kept.push(term(field, [name], state === "not"));
  }
  return kept.join(" ");
}

// without returns the text without the conditions on a field (or only the negated ones), to count
// the matches of the other values.
export function without(text, field, state) {
  const kept = conditions(text).filter(({ is }) => is?.field !== field || (state === "not" && !is.not));
  return kept.map(({ item }) => item).filter((item, i, all) => item !== "AND" || (i > 0 && i < all.length - 1 && !joins(all[i - 1]))).join(" ");
}

// atByte converts an offset in UTF-8 bytes to an index in a string.
export function atByte(text, offset) {
  let bytes = 0, at = 0;
  for (const c of text) {
    if (bytes >= offset) break;
    bytes += new TextEncoder().encode(c).length;
    at += c.length;
  }
  return at;
}
