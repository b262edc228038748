// The chat: what comes in changes the rooms, what is done here is asked of the server, and the rest of the page draws it.

import * as composer from "./composer.js";
import { Lost, Refused, open } from "./connection.js";
import { byId, el, paintAvatar, plural } from "./dom.js";
import { closeDrawers, drawPeople, drawRooms } from "./lists.js";
import { dropPicture } from "./picture.js";
import { Room } from "./room.js";
import * as session from "./session.js";
import * as timeline from "./timeline.js";

const HOME = "lobby";

/** The rooms we are in, by name. */
const rooms = new Map();
let directory = { online: 0, rooms: [] };
let current = null;
let me = null;
let connection = null;
let online = false;
let wasOnline = false;

// --- Coming and going -------------------------------------------------------------------------------------------------

const nickname = byId("nickname");
const status = byId("enter-status");

function welcome(problem = "") {
  byId("welcome").hidden = false;
  byId("app").hidden = true;
  byId("welcome").classList.remove("busy");
  nickname.value ||= me?.nickname ?? session.lastName();
  paintAvatar(byId("preview"), nickname.value);
  status.textContent = problem;
  status.classList.toggle("problem", Boolean(problem));
  nickname.setAttribute("aria-invalid", String(Boolean(problem)));
  nickname.focus();
}

async function enter(identity) {
  me = identity;
  byId("welcome").classList.add("busy");
  status.classList.remove("problem");
  status.textContent = `Connecting as ${me.nickname}…`;
  try {
    connection = await open(
      { nickname: me.nickname, key: me.key },
      { state: showState, refused, online: arrived, event: received },
    );
  } catch {
    welcome("The server does not have the Socket.IO client. Start it with --client-dir, or with `cargo xtask demo`.");
  }
}

/** The server does not take us as we are: the name is taken, say. */
function refused(error) {
  leave();
  welcome(`${error.message[0].toUpperCase()}${error.message.slice(1)}.`);
}

function leave() {
  connection?.close();
  connection = current = null;
  online = wasOnline = false;
  for (const room of rooms.values()) room.messages.forEach(dropPicture);
  rooms.clear();
  session.forget();
  document.title = "Pintle chat";
}

byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nickname.value.trim().replace(/\s+/gu, " ");
  if (!name) return welcome("A name is needed.");
  if (byId("welcome").classList.contains("busy")) return;
  enter({ nickname: name, key: session.randomKey(), rooms: [HOME], current: HOME });
});
nickname.addEventListener("input", () => paintAvatar(byId("preview"), nickname.value));
byId("change-name").addEventListener("click", () => {
  leave();
  welcome();
});

// --- The connection ---------------------------------------------------------------------------------------------------

/** Connected, for the first time or again: into the rooms, get what was missed, send what waited. */
async function arrived() {
  online = true;
  byId("welcome").hidden = true;
  byId("app").hidden = false;
  paintAvatar(byId("my-avatar"), me.nickname);
  byId("my-name").textContent = me.nickname;
  session.save(me);
  const again = wasOnline;
  wasOnline = true;
  // The room that is looked at comes first.
  const names = [...new Set([me.current, ...me.rooms])].filter((name) => me.rooms.includes(name));
  const missed = await Promise.all(names.map((name) => join(name)));
  if (!current && me.current) show(me.current);
  else draw();
  if (again) {
    const count = missed.reduce((sum, some) => sum + some, 0);
    toast(count ? `Connected again, caught up on ${plural(count, "message")}` : "Connected again");
  } else {
    composer.focus();
  }
}

function showState({ phase, transport, attempt }) {
  if (phase !== "online") online = false;
  const badge = byId("badge");
  badge.dataset.phase = phase;
  const lost = phase === "retrying" || phase === "closed";
  byId("badge-text").textContent = {
    connecting: "Connecting",
    online: transport === "websocket" ? "WebSocket" : "Polling",
    retrying: "Reconnecting",
    closed: "Disconnected",
  }[phase];
  badge.title = phase === "online" ? `Connected over ${transport}` : "";
  byId("notice").hidden = !lost || !wasOnline;
  byId("notice-text").textContent =
    phase === "closed"
      ? "The server closed the connection."
      : attempt
        ? `Connection lost. Reconnecting, attempt ${attempt}…`
        : "Connection lost. Reconnecting…";
  byId("retry").textContent = phase === "closed" ? "Reconnect" : "Try now";
  if (lost && !wasOnline)
    status.textContent = attempt ? `The server cannot be reached. Attempt ${attempt}…` : status.textContent;
}

byId("retry").addEventListener("click", () => connection?.retry());
window.addEventListener("online", () => connection?.retry());

function received(event, data) {
  const room = rooms.get(data?.room);
  switch (event) {
    case "rooms":
      directory = data;
      draw();
      break;
    case "announcement":
      for (const each of rooms.values()) add(each, { ...data, kind: "announcement" });
      break;
    case "message":
      if (room) {
        room.types(data.from, false);
        add(room, { ...data, own: data.from === me.nickname });
      }
      break;
    case "people":
      if (room) {
        room.update(data.people, {
          came: (name) => note(room, `${name} joined`),
          went: (name) => note(room, `${name} left`),
        });
        draw();
      }
      break;
    case "typing":
      if (room) {
        room.types(data.nickname, data.typing, drawTyping);
        drawTyping();
      }
      break;
  }
}

/** A request whose refusal is told to the reader. Returns null when nothing came of it. */
async function request(event, data) {
  try {
    return await connection.ask(event, data);
  } catch (error) {
    if (error instanceof Refused) toast(error.message);
    else if (!(error instanceof Lost)) throw error;
    return null;
  }
}

// --- Rooms ------------------------------------------------------------------------------------------------------------

/** Joins a room, also one we were in before the connection was lost. Returns how many messages we had missed. */
async function join(name) {
  const known = rooms.get(name);
  const answer = await request("join", { room: name, after: known?.newest ?? 0 });
  if (!answer) {
    if (online && !known) forgetRoom(name);
    return 0;
  }
  const room = known ?? new Room(name);
  rooms.set(name, room);
  const gone = room.people.filter((person) => !answer.people.includes(person) && person !== me.nickname);
  room.people = answer.people;
  // Back before us or a moment after us: the server may have gone away under all of us at once.
  for (const person of gone) room.leaves(person, (name) => note(room, `${name} left`));
  if (known && answer.gap) note(room, "Older messages are no longer kept");
  let missed = 0;
  for (const message of answer.messages) {
    const own = message.from === me.nickname;
    if (add(room, { ...message, own }) && !own) missed += 1;
  }
  for (const message of room.waiting()) deliver(room, message);
  if (!me.rooms.includes(name)) me.rooms.push(name);
  session.save(me);
  return known ? missed : 0;
}

function forgetRoom(name) {
  rooms.get(name)?.messages.forEach(dropPicture);
  rooms.delete(name);
  if (current?.name === name) current = null;
  me.rooms = me.rooms.filter((other) => other !== name);
  if (me.current === name) me.current = me.rooms[0] ?? null;
  session.save(me);
}

/** Shows a room, joining it first where that is needed. */
async function choose(name) {
  if (!rooms.has(name)) {
    if (!online) return toast("Not connected");
    await join(name);
  }
  if (!rooms.has(name)) return;
  closeDrawers();
  show(name);
  composer.focus();
}

function show(name) {
  if (current) {
    current.draft = composer.draft();
    connection?.mention("typing", { room: current.name, typing: false });
  }
  current = rooms.get(name) ?? null;
  me.current = current ? name : null;
  session.save(me);
  if (current) current.unread = 0;
  timeline.show(current);
  composer.refresh(current?.draft);
  draw();
}

byId("leave-room").addEventListener("click", async () => {
  const name = current?.name;
  if (!name || (await request("leave", { room: name })) === null) return;
  forgetRoom(name);
  show(me.current);
});

byId("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("room-name");
  const name = field.value.trim().replace(/^#/, "").toLocaleLowerCase().replace(/\s+/gu, "-");
  if (!name) return;
  field.value = "";
  choose(name);
});

// --- Messages ---------------------------------------------------------------------------------------------------------

function add(room, entry) {
  const index = room.add(entry);
  if (index < 0) return false;
  const dropped = room.trim();
  dropped.forEach(dropPicture);
  if (dropped.length && room === current) timeline.show(room, { keepPlace: true });
  else timeline.added(room, index);
  const unseen = room !== current || document.hidden;
  if (unseen && entry.kind !== "note" && !entry.own) room.unread += 1;
  draw();
  return true;
}

const note = (room, text) => add(room, { kind: "note", at: Date.now(), text });

function send({ text, picture }) {
  const message = {
    key: session.randomKey(),
    from: me.nickname,
    own: true,
    at: Date.now(),
    text,
    picture,
    status: "waiting",
  };
  add(current, message);
  deliver(current, message);
}

/** Sends a message, or leaves it waiting for the connection. Its key keeps the server from taking it twice. */
async function deliver(room, message) {
  if (message.status === "sending") return;
  const mark = (state, problem) => {
    Object.assign(message, { status: state, problem });
    timeline.changed(room, message);
  };
  if (!online) return mark("waiting");
  mark("sending");
  const { key, text, picture } = message;
  try {
    const bytes = await picture?.blob.arrayBuffer();
    const answer = await connection.ask("message", {
      room: room.name,
      key,
      text,
      picture: picture ? { kind: picture.kind, width: picture.width, height: picture.height, bytes } : undefined,
    });
    if (room.confirm(message, answer) && room === current) timeline.show(room, { keepPlace: true });
    else timeline.changed(room, message);
  } catch (error) {
    if (error instanceof Refused) mark("failed", `Not sent: ${error.message}.`);
    else if (error instanceof Lost) mark(online ? "failed" : "waiting", online ? "No answer." : undefined);
    else throw error;
  }
}

/** Gets the bytes of a picture from before we came, one picture at a time. */
let fetching = Promise.resolve();
function fetchPicture(message) {
  const { picture } = message;
  const room = current;
  if (picture.asked) return;
  picture.asked = true;
  fetching = fetching.then(async () => {
    try {
      picture.bytes = await connection.ask("picture", { room: room.name, id: message.id });
    } catch (error) {
      if (error instanceof Refused) picture.gone = true;
      // Lost: asked again when the message is drawn again.
      else picture.asked = false;
    }
    if (!picture.asked) return;
    timeline.changed(room, message);
  });
}

timeline.ask.fetch = fetchPicture;
timeline.ask.retry = (message) => deliver(current, message);
Object.assign(composer.on, {
  send,
  complain: toast,
  may: () => current !== null,
  typing: (typing) => current && connection?.mention("typing", { room: current.name, typing }),
});

// --- Drawing ----------------------------------------------------------------------------------------------------------

let drawing = false;
/** Draws the lists, the bar and the title, once for all that changed until the next frame. */
function draw() {
  if (drawing) return;
  drawing = true;
  // Not requestAnimationFrame: a hidden tab has none, and its title is to say what is unread.
  setTimeout(() => {
    drawing = false;
    if (!me || byId("app").hidden) return;
    const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${current ? `${current.name}, ` : ""}Pintle chat`;
    byId("room-title").textContent = current?.name ?? "No room";
    byId("room-title").classList.toggle("named", Boolean(current));
    byId("room-subtitle").textContent = current ? `${plural(current.people.length, "person", "people")} here` : "";
    byId("leave-room").hidden = !current;
    byId("online").textContent = `${directory.online} online in total`;
    byId("unread-elsewhere").hidden = unread === (current?.unread ?? 0);
    drawRooms({ directory, rooms, current, choose });
    drawTyping();
  });
}

function drawTyping() {
  const names = current ? [...current.typing.keys()] : [];
  const who =
    names.length > 2 ? "Several people are" : names.length === 2 ? `${names[0]} and ${names[1]} are` : `${names[0]} is`;
  byId("typing").replaceChildren(
    ...(names.length
      ? [el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), `${who} typing`]
      : []),
  );
  drawPeople(current, me?.nickname);
}

let toastTimer;
function toast(text) {
  const node = byId("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (node.hidden = true), 4000);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !current) return;
  current.unread = 0;
  draw();
});

const curl = `curl ${location.origin}/api/announce \\\n  -H 'content-type: application/json' \\\n  -d '{"text":"Tea is ready"}'`;
byId("curl").textContent = curl;
byId("copy-curl").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(curl);
    toast("Copied");
  } catch {
    // No clipboard without HTTPS, but on localhost: the text can still be selected by hand.
    getSelection().selectAllChildren(byId("curl"));
  }
});

// A phone's keyboard covers the page on some browsers instead of making it smaller: follow what is really visible.
window.visualViewport?.addEventListener("resize", () => {
  if (visualViewport.scale === 1) document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
});

const resumed = session.load();
if (resumed?.nickname) enter(resumed);
else welcome();
