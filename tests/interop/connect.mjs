import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, idle, once, transports } from "./client.mjs";

test("a socket has an id that is not the connection's", async () => {
  const socket = await connect();
  assert.equal(socket.connected, true);
  assert.equal(socket.id.length, 20);
  assert.notEqual(socket.id, socket.io.engine.id);
  assert.ok(!socket.recovered);
});

test("the transport ends up where it should", async () => {
  const socket = await connect();
  assert.equal(socket.io.engine.transport.name, transports.at(-1));
});

test("the handler sees the client's auth", async () => {
  const socket = idle("/", { auth: { token: "123", nested: { list: [1, null, "é"] } } });
  const auth = once(socket, "auth");
  socket.connect();
  assert.deepEqual(await auth, { token: "123", nested: { list: [1, null, "é"] } });
});

test("without auth the handler sees an empty object", async () => {
  const socket = idle();
  const auth = once(socket, "auth");
  socket.connect();
  assert.deepEqual(await auth, {});
});

test("middleware rejects with a message and data", async () => {
  const socket = idle("/secret", { auth: { token: "wrong" } });
  socket.connect();
  const error = await once(socket, "connect_error");
  assert.equal(error.message, "not allowed");
  assert.deepEqual(error.data, { wanted: "token" });
  assert.equal(socket.connected, false);
});

test("a rejected socket may try again on the same connection", async () => {
  // The client closes a connection that no socket uses; this one keeps it.
  const main = await connect();
  const secret = main.io.socket("/secret", { auth: { token: "wrong" } });
  const rejected = once(secret, "connect_error");
  secret.connect();
  await rejected;
  secret.auth = { token: "open sesame" };
  const welcome = once(secret, "welcome");
  secret.connect();
  await welcome;
  assert.equal(secret.connected, true);
  assert.equal(secret.io.engine, main.io.engine);
});

test("an unknown namespace is refused", async () => {
  const socket = idle("/nowhere");
  socket.connect();
  const error = await once(socket, "connect_error");
  assert.equal(error.message, "Invalid namespace");
});
