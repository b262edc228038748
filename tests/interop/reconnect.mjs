import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, departure, once, settled } from "./client.mjs";

test("the client comes back by itself with a new id, and works", async () => {
  const socket = await connect();
  const { id } = socket;
  for (let round = 0; round < 3; round += 1) {
    const back = once(socket, "connect");
    // A second CONNECT: the server closes the transport, which is no reason to stay away.
    socket.io.engine.write("0");
    await back;
    await settled(socket);
    assert.equal(await socket.emitWithAck("message-with-ack", round), round);
  }
  assert.notEqual(socket.id, id);
  // Node says either, by whether the transport can close at once.
  assert.match(await departure(id), /^forced (server )?close$/);
});

test("what was emitted while away arrives afterwards", async () => {
  const socket = await connect();
  const away = once(socket, "disconnect");
  socket.io.engine.write("0");
  await away;
  assert.equal(await socket.emitWithAck("message-with-ack", "buffered"), "buffered");
});

test("who was sent out stays away until it connects again", async () => {
  const socket = await connect();
  const away = once(socket, "disconnect");
  socket.emit("leave-namespace");
  await away;
  assert.equal(socket.active, false);
  const back = once(socket, "connect");
  socket.connect();
  await back;
  assert.equal(await socket.emitWithAck("message-with-ack", "here again"), "here again");
});
