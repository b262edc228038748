import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect, listen } from "./client.mjs";

let anna, ben, carla;
let annaHeard, benHeard, carlaHeard;

beforeEach(async () => {
  [anna, ben, carla] = await Promise.all([connect(), connect(), connect()]);
  [annaHeard, benHeard, carlaHeard] = [listen(anna), listen(ben), listen(carla)];
});

async function assertHeard(byAnna, byBen, byCarla) {
  assert.deepEqual([await annaHeard(), await benHeard(), await carlaHeard()], [byAnna, byBen, byCarla]);
}

test("a socket is in the rooms it joined and in its own", async () => {
  assert.deepEqual(await anna.emitWithAck("join", "tea"), [anna.id, "tea"].sort());
  assert.deepEqual(await anna.emitWithAck("join", "tea"), [anna.id, "tea"].sort());
  assert.deepEqual(await anna.emitWithAck("join", "milk"), [anna.id, "milk", "tea"].sort());
  assert.deepEqual(await anna.emitWithAck("leave", "tea"), [anna.id, "milk"].sort());
});

test("an event to a room reaches its others only", async () => {
  await anna.emitWithAck("join", "tea");
  await ben.emitWithAck("join", "tea");
  await anna.emitWithAck("to-room", "tea", "hello");
  await assertHeard([], ["hello"], []);
  await carla.emitWithAck("to-room", "tea", "from outside");
  await assertHeard(["from outside"], ["from outside"], []);
});

test("who left a room hears no more of it", async () => {
  await ben.emitWithAck("join", "tea");
  await ben.emitWithAck("leave", "tea");
  await anna.emitWithAck("to-room", "tea", "hello");
  await assertHeard([], [], []);
});

test("who is in several of the rooms hears an event once", async () => {
  for (const room of ["tea", "milk"]) await ben.emitWithAck("join", room);
  await carla.emitWithAck("join", "milk");
  await anna.emitWithAck("to-rooms", ["tea", "milk"], "hello");
  await assertHeard([], ["hello"], ["hello"]);
});

test("a socket's id is a room", async () => {
  await anna.emitWithAck("to-room", ben.id, "for you");
  await assertHeard([], ["for you"], []);
});

test("an event to all but a room", async () => {
  await ben.emitWithAck("join", "tea");
  await anna.emitWithAck("except-room", "tea", "hello");
  await assertHeard(["hello"], [], ["hello"]);
});

test("a broadcast reaches all others", async () => {
  await anna.emitWithAck("to-others", "hello");
  await assertHeard([], ["hello"], ["hello"]);
});

test("an event to all reaches all", async () => {
  await anna.emitWithAck("to-all", "hello");
  await assertHeard(["hello"], ["hello"], ["hello"]);
});

test("binary reaches all", async () => {
  const bytes = Buffer.from([1, 2, 3]);
  await anna.emitWithAck("to-all", bytes);
  await assertHeard([bytes], [bytes], [bytes]);
});

test("a question to all brings every answer", async () => {
  for (const [name, socket] of Object.entries({ anna, ben, carla })) {
    socket.on("question", (question, answer) => answer(`${name}: ${question}`));
  }
  assert.deepEqual(await anna.emitWithAck("poll-all", "tea?"), ["anna: tea?", "ben: tea?", "carla: tea?"]);
});
