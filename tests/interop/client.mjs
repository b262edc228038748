// What the scripts share: sockets to the server at PORT over the TRANSPORTS of this run, closed when a test ends. A script
// that is not done after PATIENCE seconds, if that is set, fails, and says which test still waits.

import { afterEach, beforeEach } from "node:test";
import { io } from "socket.io-client";

export const url = `http://127.0.0.1:${process.env.PORT}`;
export const transports = JSON.parse(process.env.TRANSPORTS ?? '["polling","websocket"]');

const { PATIENCE } = process.env;
let current;
beforeEach((test) => (current = test.name));
if (PATIENCE) setTimeout(giveUp, Number(PATIENCE) * 1000).unref();

function giveUp() {
  console.error(`not done after ${PATIENCE} s: ${current}`);
  process.exit(1);
}

const open = new Set();

afterEach(() => {
  for (const socket of open) socket.io._close();
  open.clear();
});

/** A socket that connects when told to; `at` is another way to the server. */
export function idle(namespace = "/", { at = url, ...options } = {}) {
  const socket = io(at + namespace, { transports, forceNew: true, autoConnect: false, reconnectionDelay: 10, ...options });
  open.add(socket);
  return socket;
}

/** A connected socket; on the transport it will stay on. */
export async function connect(namespace, options) {
  const socket = idle(namespace, options);
  socket.connect();
  await once(socket, "connect");
  await settled(socket);
  return socket;
}

/** Waits until a socket travels on the last of its transports. */
export async function settled(socket) {
  const { engine } = socket.io;
  const last = socket.io.opts.transports.at(-1);
  while (typeof last === "string" && engine.transport.name !== last) await once(engine, "upgrade");
}

/** The arguments of the next event; the only one, when there is one. */
export function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args.length > 1 ? args : args[0])));
}

/** Why the server says that a socket left; waits until it has. */
export async function departure(id) {
  const response = await fetch(`${url}/departures/${id}`);
  return response.text();
}

/** Collects every `told` of a socket, and tells what came once everything under way has arrived. */
export function listen(socket) {
  const heard = [];
  socket.on("told", (text) => heard.push(text));
  return async () => {
    // The server answers in order, so that all it emitted to this socket before is here by then.
    await socket.emitWithAck("message-with-ack", "everything before this has arrived");
    return heard.splice(0);
  };
}
