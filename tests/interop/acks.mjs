import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./client.mjs";

test("the server acknowledges with all arguments", async () => {
  const socket = await connect();
  const args = await new Promise((resolve) => {
    socket.emit("message-with-ack", 1, "2", { 3: [true] }, (...received) => resolve(received));
  });
  assert.deepEqual(args, [1, "2", { 3: [true] }]);
});

test("the server acknowledges with nothing", async () => {
  const socket = await connect();
  const args = await new Promise((resolve) => socket.emit("message-with-ack", (...received) => resolve(received)));
  assert.deepEqual(args, []);
});

test("the server acknowledges with binary", async () => {
  const socket = await connect();
  const args = await new Promise((resolve) => {
    socket.emit("message-with-ack", Buffer.from([1, 2, 3]), "x", (...received) => resolve(received));
  });
  assert.deepEqual(args, [Buffer.from([1, 2, 3]), "x"]);
});

test("each acknowledgement finds its emit", async () => {
  const socket = await connect();
  const answers = Array.from({ length: 500 }, (_, index) => socket.emitWithAck("message-with-ack", index));
  assert.deepEqual(await Promise.all(answers), Array.from({ length: 500 }, (_, index) => index));
});

test("the client answers the server, with text and with binary", async () => {
  const socket = await connect();
  socket.on("question", (question, answer) => answer({ asked: question }));
  assert.deepEqual(await socket.emitWithAck("ask-me", "why?"), { asked: "why?" });
  socket.off("question");
  socket.on("question", (question, answer) => answer(question.length));
  assert.equal(await socket.emitWithAck("ask-me", "how long?"), 9);
});

test("the server answers while it waits for an answer", async () => {
  const socket = await connect();
  socket.on("question", async (question, answer) => answer(await socket.emitWithAck("message-with-ack", question)));
  assert.equal(await socket.emitWithAck("ask-me", "around the corner"), "around the corner");
});

test("the server gives up on an answer that does not come", async () => {
  const socket = await connect();
  socket.on("question-in-vain", () => {});
  assert.equal(await socket.emitWithAck("ask-me-in-vain"), "no answer");
});

test("an answer that comes too late does no harm", async () => {
  const socket = await connect();
  let late;
  socket.on("question-in-vain", (answer) => (late = answer));
  assert.equal(await socket.emitWithAck("ask-me-in-vain"), "no answer");
  late("too late");
  assert.equal(await socket.emitWithAck("message-with-ack", "still here"), "still here");
});

test("the client gives up on an answer that does not come", async () => {
  const socket = await connect();
  await assert.rejects(socket.timeout(50).emitWithAck("silence"), /operation has timed out/);
});

test("a handler's error reaches the client that asked", async () => {
  const socket = await connect();
  assert.deepEqual(await socket.emitWithAck("fail", 1), { message: "it failed", data: { code: 7 } });
});
