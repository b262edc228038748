import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, idle, once } from "./client.mjs";

async function echo(socket, ...args) {
  const back = new Promise((resolve) => socket.once("message-back", (...received) => resolve(received)));
  socket.emit("message", ...args);
  return back;
}

test("text, numbers and structures come back as they were", async () => {
  const socket = await connect();
  for (const value of ["hello", "", 0, -1.5, 1e21, true, false, null, [], {}, [[1], { a: [{}] }], { "a b": "c" }]) {
    assert.deepEqual(await echo(socket, value), [value]);
  }
});

test("unicode comes back as it was", async () => {
  const socket = await connect();
  const texts = ["é", "日本語", "🦀🚀", "\u2028\u2029", "\0\u0007", '"\\/', "a\u001eb", "b64", "\ufeffbom", "e\u0301", "🏳️‍🌈"];
  assert.deepEqual(await echo(socket, ...texts), texts);
});

test("an event may have no argument, and many", async () => {
  const socket = await connect();
  assert.deepEqual(await echo(socket), []);
  const many = Array.from({ length: 100 }, (_, index) => ({ index }));
  assert.deepEqual(await echo(socket, ...many), many);
});

test("binary comes back as it was", async () => {
  const socket = await connect();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const [back] = await echo(socket, bytes);
  assert.ok(Buffer.isBuffer(back));
  assert.deepEqual(back, bytes);
});

test("empty binary comes back", async () => {
  const socket = await connect();
  assert.deepEqual(await echo(socket, Buffer.alloc(0)), [Buffer.alloc(0)]);
});

test("binary may be anywhere in the arguments", async () => {
  const socket = await connect();
  const args = ["text", { deep: [{ bytes: Buffer.from([1, 2]) }, 3] }, Buffer.from([4]), [Buffer.from([5, 6, 7])]];
  assert.deepEqual(await echo(socket, ...args), args);
});

test("ten attachments are allowed", async () => {
  const socket = await connect();
  const args = Array.from({ length: 10 }, (_, index) => Buffer.alloc(index, index));
  assert.deepEqual(await echo(socket, ...args), args);
});

test("text and binary events keep their order", async () => {
  const socket = await connect();
  const received = [];
  const all = new Promise((resolve) => {
    socket.on("message-back", (index) => received.push(index) === 200 && resolve());
  });
  for (let index = 0; index < 200; index += 1) {
    if (index % 3 === 0) socket.emit("message", index, Buffer.from([index]));
    else socket.emit("message", index);
  }
  await all;
  assert.deepEqual(received, Array.from({ length: 200 }, (_, index) => index));
});

test("an event that nobody handles does no harm", async () => {
  const socket = await connect();
  socket.emit("nobody listens", 1, Buffer.from([2]));
  assert.deepEqual(await echo(socket, "still here"), ["still here"]);
});

test("events sent before the connection stands arrive after it", async () => {
  const socket = idle();
  const back = once(socket, "message-back");
  socket.emit("message", "early");
  socket.connect();
  assert.equal(await back, "early");
});
