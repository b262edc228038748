import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, departure, once } from "./client.mjs";

/** The reason that the client gives for the end of a socket. */
async function left(socket) {
  const [reason] = [].concat(await once(socket, "disconnect"));
  return reason;
}

test("the client leaves the namespace", async () => {
  const socket = await connect();
  const { id } = socket;
  const here = left(socket);
  socket.disconnect();
  assert.equal(await here, "io client disconnect");
  assert.match(await departure(id), /^(client namespace disconnect|transport close)$/);
});

test("the client leaves the namespace and keeps the connection", async () => {
  const socket = await connect();
  const { id } = socket;
  const custom = socket.io.socket("/custom");
  if (!custom.connected) await once(custom.connect(), "connect");
  socket.disconnect();
  assert.equal(await departure(id), "client namespace disconnect");
  assert.equal(custom.connected, true);
});

test("the server sends the socket out of the namespace", async () => {
  const socket = await connect();
  const { id } = socket;
  const here = left(socket);
  socket.emit("leave-namespace");
  assert.equal(await here, "io server disconnect");
  assert.equal(await departure(id), "server namespace disconnect");
});

test("the server closes the connection, after what it still had to say", async () => {
  const socket = await connect();
  const { id } = socket;
  const ended = once(socket.io.engine, "close");
  const told = [];
  socket.on("told", (text) => told.push(text));
  const here = left(socket);
  socket.emit("leave-connection");
  assert.equal(await here, "io server disconnect");
  assert.deepEqual(told, ["farewell"]);
  assert.equal(await departure(id), "server namespace disconnect");
  await ended;
});

test("the client closes the transport", async () => {
  const socket = await connect();
  const { id } = socket;
  const here = left(socket);
  socket.io.reconnection(false);
  socket.io.engine.close();
  assert.equal(await here, "forced close");
  assert.equal(await departure(id), "transport close");
});

test("the server closes the transport after a violation", async () => {
  const socket = await connect();
  const { id } = socket;
  const here = left(socket);
  socket.io.reconnection(false);
  // A second CONNECT for a namespace already joined.
  socket.io.engine.write("0");
  assert.equal(await here, "transport close");
  // Node says either, by whether the transport can close at once.
  assert.match(await departure(id), /^forced (server )?close$/);
});

test("all namespaces of a connection end with it", async () => {
  const socket = await connect();
  const custom = socket.io.socket("/custom");
  if (!custom.connected) await once(custom.connect(), "connect");
  const ids = [socket.id, custom.id];
  const both = [left(socket), left(custom)];
  socket.emit("leave-connection");
  assert.deepEqual(await Promise.all(both), ["io server disconnect", "io server disconnect"]);
  for (const id of ids) assert.equal(await departure(id), "server namespace disconnect");
});
