// Sockets to the server at PORT, or at those that are named, that a Rust test leads (tests/support/driven.rs): a line of JSON each way.
//
// A command names a socket by its number. Everything a socket hears is told, in its order; so is what a command gives.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const url = `http://127.0.0.1:${process.env.PORT}`;
const sockets = [];

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Bytes have a form of their own in JSON, both ways.
const show = (value) => {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString("hex") };
  if (Array.isArray(value)) return value.map(show);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, value]) => [key, show(value)]));
};

const read = (_, value) => (typeof value?.$bytes === "string" ? Buffer.from(value.$bytes, "hex") : value);

function follow(socket, number) {
  const heard = (...what) => tell({ socket: number, heard: show(what) });
  const answers = new Map();
  socket.on("connect", () => heard("connect", socket.id));
  socket.on("connect_error", (error) => heard("connect_error", error.message, ...(error.data ? [error.data] : [])));
  socket.on("disconnect", (reason) => heard("disconnect", reason));
  socket.onAny((event, ...args) => {
    if (typeof args.at(-1) !== "function") return heard(event, ...args);
    const answer = args.pop();
    heard(event, ...args);
    if (answers.has(event)) answer(...answers.get(event));
  });
  return { socket, answers };
}

const commands = {
  /** A new connection, or a namespace more on that of another socket. */
  open({ socket, server, namespace, options, beside }) {
    const opened =
      beside === null
        ? io((server ?? url) + namespace, { autoConnect: false, forceNew: true, reconnection: false, ...options })
        : sockets[beside].socket.io.socket(namespace, options);
    sockets[socket] = follow(opened, socket);
    opened.connect();
  },
  connect: ({ socket }) => void sockets[socket].socket.connect(),
  /** Another server for when it connects again. */
  move({ socket, server }) {
    sockets[socket].socket.io.uri = server + sockets[socket].socket.nsp;
  },
  disconnect: ({ socket }) => void sockets[socket].socket.disconnect(),
  /** Closes the connection without a word to the namespaces. */
  cut: ({ socket }) => void sockets[socket].socket.io.engine.close(),
  emit: ({ socket, event, args }) => void sockets[socket].socket.emit(event, ...args),
  ask: ({ socket, event, args }) => sockets[socket].socket.emitWithAck(event, ...args),
  /** From now on the socket acknowledges this event with these arguments. */
  answer: ({ socket, event, args }) => void sockets[socket].answers.set(event, args),
  state({ socket }) {
    const { connected, recovered, io } = sockets[socket].socket;
    return { connected, recovered: Boolean(recovered), transport: io.engine.transport.name };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line, read);
  Promise.resolve(commands[command.do](command)).then((value) =>
    tell({ socket: command.socket, done: command.ticket, value: show(value) ?? null }),
  );
}
process.exit(0);
