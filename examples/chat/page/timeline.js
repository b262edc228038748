// The middle of the page: messages, announcements and notes, and where the reader is in them.

import { avatar, byId, dayOf, el, hue, icon, linked, plural, timeOf } from "./dom.js";
import { enlarge, showPicture } from "./picture.js";

// One person's messages within five minutes stand together under one name.
const TOGETHER = 5 * 60_000;
// Closer to the end than this counts as being there.
const NEAR = 72;

const timeline = byId("timeline");
const toBottom = byId("to-bottom");
const nodes = new WeakMap();
let room = null;
let below = 0;
let atEnd = true;
/** Set by chat.js: `retry(message)` sends again, `fetch(message)` gets the bytes of a picture. */
export const ask = { retry() {}, fetch() {} };

timeline.addEventListener("scroll", () => {
  atEnd = timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight < NEAR;
  if (atEnd) below = 0;
  drawToBottom();
});
toBottom.addEventListener("click", () => {
  const way = timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight;
  // A long way is not worth watching.
  const smooth = way < 2 * timeline.clientHeight && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  timeline.scrollTo({ top: timeline.scrollHeight, behavior: smooth ? "smooth" : "auto" });
  timeline.focus({ preventScroll: true });
});
// A keyboard that opens, a window that shrinks, a line that grows: who read the end goes on reading the end.
new ResizeObserver(() => atEnd && end()).observe(timeline);

function end() {
  timeline.scrollTop = timeline.scrollHeight;
}

function drawToBottom() {
  toBottom.hidden = atEnd;
  byId("to-bottom-text").textContent = below ? plural(below, "new message") : "Newest";
}

/** Draws a room anew. */
export function show(shown, { keepPlace = false } = {}) {
  const place = timeline.scrollTop;
  room = shown;
  // Busy: a screen reader is told of what comes in, not of a whole room at once.
  timeline.setAttribute("aria-busy", "true");
  timeline.replaceChildren();
  if (room) {
    timeline.setAttribute("aria-label", `Messages in ${room.name}`);
    room.messages.forEach((_, index) => timeline.append(...draw(index)));
  }
  drawEmpty();
  timeline.removeAttribute("aria-busy");
  if (keepPlace && !atEnd) {
    timeline.scrollTop = place;
  } else {
    below = 0;
    atEnd = true;
    end();
  }
  drawToBottom();
}

/** Draws an entry that was added to `to` at `index`. */
export function added(to, index) {
  if (to !== room || index < 0) return;
  const entry = room.messages[index];
  if (index < room.messages.length - 1) return show(room, { keepPlace: true });
  const drawn = draw(index);
  drawn.at(-1).classList.add("fresh");
  timeline.querySelector(".empty")?.remove();
  timeline.append(...drawn);
  if (atEnd || entry.own) {
    atEnd = true;
    end();
  } else if (entry.kind !== "note") {
    below += 1;
  }
  drawToBottom();
}

/** Draws an entry again after a change. */
export function changed(of, entry) {
  const old = nodes.get(entry);
  if (of !== room || !old?.isConnected) return;
  const index = room.messages.indexOf(entry);
  const node = drawEntry(entry, follows(index));
  // A picture that is shown stays as it is: drawn anew it would flicker.
  const image = old.querySelector(".picture:has(img)");
  if (image) node.querySelector(".picture").replaceWith(image);
  old.replaceWith(node);
  if (atEnd) end();
}

function drawEmpty() {
  if (!room) {
    timeline.append(
      el(
        "div",
        { class: "empty" },
        el("strong", { text: "You are in no room" }),
        el("p", { text: "Choose one from the list, or create your own." }),
      ),
    );
  } else if (room.messages.length === 0) {
    timeline.append(
      el(
        "div",
        { class: "empty" },
        el("strong", { text: `Nothing said in ${room.name} yet` }),
        el("p", { text: "Write the first message, or paste a picture." }),
      ),
    );
  }
}

function draw(index) {
  const entry = room.messages[index];
  const before = room.messages[index - 1];
  const drawn = [drawEntry(entry, follows(index))];
  if (!before || dayOf(before.at) !== dayOf(entry.at)) {
    drawn.unshift(el("div", { class: "day" }, el("span", { text: dayOf(entry.at) })));
  }
  return drawn;
}

/** Whether a message stands under the one before it, without a name of its own. */
function follows(index) {
  const entry = room.messages[index];
  const before = room.messages[index - 1];
  return (
    Boolean(before) &&
    !before.kind &&
    !entry.kind &&
    before.from === entry.from &&
    entry.at - before.at < TOGETHER &&
    dayOf(before.at) === dayOf(entry.at)
  );
}

function drawEntry(entry, follow) {
  const node =
    entry.kind === "note"
      ? drawNote(entry)
      : entry.kind === "announcement"
        ? drawAnnouncement(entry)
        : drawMessage(entry, follow);
  nodes.set(entry, node);
  return node;
}

const drawNote = ({ text }) => el("p", { class: "note", text });

const drawTime = (at) =>
  el("time", { datetime: new Date(at).toISOString(), title: new Date(at).toLocaleString(), text: timeOf(at) });

function drawAnnouncement({ text, at }) {
  return el(
    "article",
    { class: "announcement" },
    icon("horn"),
    el("div", {}, el("header", {}, el("strong", { text: "Announcement" }), drawTime(at)), el("p", {}, ...linked(text))),
  );
}

function drawMessage(message, follow) {
  const { from, own, text, picture, at, status, problem } = message;
  const name = follow ? null : el("header", { class: own ? "from visually-hidden" : "from", text: own ? "You" : from });
  const bubble = el(
    "div",
    { class: picture && !text ? "bubble bare" : "bubble" },
    picture ? drawPicture(message) : null,
    text ? el("p", { class: "text" }, ...linked(text)) : null,
    el("span", { class: "meta" }, drawTime(at), own ? drawStatus(status) : null),
  );
  const trouble = status === "failed" ? drawProblem(message, problem) : null;
  const classes = ["message", own ? "own" : "", follow ? "follows" : "", status === "failed" ? "failed" : ""]
    .filter(Boolean)
    .join(" ");
  const node = el(
    "article",
    { class: classes },
    own || follow ? null : avatar(from),
    el("div", { class: "body" }, name, bubble, trouble),
  );
  node.style.setProperty("--hue", hue(from));
  return node;
}

const STATUS = {
  sending: ["clock", "Sending"],
  waiting: ["clock", "Waiting for the connection"],
  delivered: ["tick", "Delivered"],
  failed: ["alert", "Not sent"],
};

function drawStatus(status = "delivered") {
  const [name, text] = STATUS[status];
  return el(
    "span",
    { class: `state ${status}`, title: text },
    icon(name),
    el("span", { class: "visually-hidden", text }),
  );
}

function drawProblem(message, problem) {
  return el(
    "p",
    { class: "problem" },
    problem ?? "Not sent.",
    " ",
    el("button", { class: "quiet", type: "button", text: "Try again", onclick: () => ask.retry(message) }),
  );
}

function drawPicture(message) {
  const { picture, from, own } = message;
  const alt = own ? "A picture you sent" : `A picture from ${from}`;
  const button = el("button", { class: "picture", type: "button", "aria-label": `${alt}, enlarge` });
  // The room it takes is known before its bytes are here: nothing jumps when they come.
  button.style.setProperty("--ratio", `${picture.width} / ${picture.height}`);
  button.style.setProperty("--wide", `${picture.width}px`);
  if (picture.gone) {
    button.disabled = true;
    button.classList.add("gone");
    button.setAttribute("aria-label", `${alt}, no longer kept`);
    button.append(icon("picture"), el("span", { text: "No longer kept" }));
  } else if (showPicture(picture)) {
    button.append(el("img", { src: picture.url, alt, draggable: "false" }));
    button.addEventListener("click", () =>
      enlarge(picture, `${own ? "You" : from}, ${dayOf(message.at)} ${timeOf(message.at)}`, alt),
    );
  } else {
    button.disabled = true;
    button.classList.add("loading");
    ask.fetch(message);
  }
  return button;
}
