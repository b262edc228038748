// A console on which a test runs lines of its own, with socket.io-client at hand: each line that comes in is JSON, a body of
// an async function, and each that goes out what it returned, or the error that it threw.

import { createInterface } from "node:readline";
import { io, Manager } from "socket.io-client";

const url = `http://127.0.0.1:${process.env.PORT}`;

/** What a test wants to find again in a later line. */
const kept = {};

/** The `transports` option of the sockets to come. */
let transports = ["polling", "websocket"];

/** A socket that connects when told to. Nothing that happens to it is missed: see `event` and `life`. */
function idle(namespace = "/", options = {}) {
  const socket = io(url + namespace, {
    transports,
    forceNew: true,
    autoConnect: false,
    reconnectionDelay: 10,
    reconnectionDelayMax: 20,
    ...options,
  });
  return watched(socket);
}

/** A socket of another namespace on the same connection. */
function beside(socket, namespace, options) {
  return watched(socket.io.socket(namespace, options)).connect();
}

/** A connected socket, on the last of its transports. */
async function connect(namespace, options) {
  const socket = idle(namespace, options).connect();
  await connected(socket);
  await settled(socket);
  return socket;
}

async function connected(socket) {
  const [what, ...why] = await life(socket);
  if (what !== "connect") throw new Error(`${what} rather than connect: ${why}`);
}

async function settled(socket) {
  const { engine } = socket.io;
  const last = socket.io.opts.transports.at(-1);
  while (engine.transport.name !== last) await new Promise((resolve) => engine.once("upgrade", resolve));
}

/** Has a client wait for the server for ever, where it would give up by itself. */
function patient(socket) {
  const { engine } = socket.io;
  engine._pingTimeout = 2 ** 30;
  engine._resetPingTimeout();
  return socket;
}

function watched(socket) {
  socket.events = queue();
  socket.life = queue();
  socket.onAny((...event) => socket.events.put(event.filter((argument) => typeof argument !== "function")));
  socket.on("connect", () => socket.life.put(["connect", socket.recovered === true]));
  socket.on("disconnect", (reason) => socket.life.put(["disconnect", reason]));
  socket.on("connect_error", (error) => socket.life.put(["connect_error", error.message, error.data]));
  return socket;
}

/** The next event of a socket: its name and its arguments. */
const event = (socket) => socket.events.take();

/** As many events as said. */
async function events(socket, count) {
  const events = [];
  while (events.length < count) events.push(await event(socket));
  return events;
}

/** The events that have come until now: those under way are waited for, since the server answers in order. */
async function heard(socket) {
  await socket.emitWithAck("everything?");
  return socket.events.all();
}

/** The next that happened to a socket: that it connected, disconnected or was refused. */
const life = (socket) => socket.life.take();

/** Waits until a socket is connected again, however often it tries. Whether it is the one of before. */
async function back(socket) {
  for (;;) {
    const [what, recovered] = await life(socket);
    if (what === "connect") return recovered;
  }
}

function queue() {
  const waiting = [];
  const takers = [];
  return {
    put: (item) => (takers.length ? takers.shift()(item) : waiting.push(item)),
    take: () => (waiting.length ? waiting.shift() : new Promise((resolve) => takers.push(resolve))),
    all: () => waiting.splice(0),
  };
}

const tools = { io, Manager, url, kept, idle, beside, connect, connected, settled, patient, event, events, heard, life, back };
const AsyncFunction = (async () => {}).constructor;

for await (const line of createInterface({ input: process.stdin })) {
  const { body, ways } = JSON.parse(line);
  transports = ways ?? transports;
  try {
    const value = await new AsyncFunction(...Object.keys(tools), "transports", body)(...Object.values(tools), transports);
    process.stdout.write(`${JSON.stringify({ value })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: error?.stack ?? String(error) })}\n`);
  }
}
process.exit();
