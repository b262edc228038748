// Elements, built without a string of HTML: what people write never becomes markup.

export const byId = (id) => document.getElementById(id);

/** An element. `attributes` may hold `class`, `text`, `on<event>` and any attribute; null and false leave one out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An icon of the sprite at the end of index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A disc with somebody's initials, in a colour that follows from the name. */
export function avatar(name) {
  return paintAvatar(el("span", { class: "avatar", "aria-hidden": "true" }), name);
}

export function paintAvatar(node, name) {
  node.textContent = initials(name);
  node.style.setProperty("--hue", hue(name));
  return node;
}

function initials(name) {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  // Spread, not index: a letter may be more than one UTF-16 unit.
  return letters
    .map((word) => [...word][0])
    .join("")
    .toLocaleUpperCase();
}

/** One of twelve hues: far enough apart to tell people by. */
export function hue(name) {
  let hash = 7;
  for (const letter of name.toLocaleLowerCase()) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return (hash % 12) * 30 + 10;
}

/** Text with its web addresses as links. */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?')\]]/gu)) {
    parts.push(text.slice(from, found.index));
    parts.push(el("a", { href: found[0], target: "_blank", rel: "noopener noreferrer", text: found[0] }));
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const anyYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export const timeOf = (at) => clock.format(at);

export function dayOf(at) {
  const day = new Date(at);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Today";
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  return (day.getFullYear() === today.getFullYear() ? thisYear : anyYear).format(day);
}

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
