import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect, once } from "../../../tests/interop/client.mjs";

let anna, ben, carla;
let room;
let rooms = 0;

beforeEach(async () => {
  [anna, ben, carla] = await Promise.all([connect(), connect(), connect()]);
  for (const socket of [anna, ben, carla]) {
    socket.heard = [];
    socket.onAny((...event) => socket.heard.push(event));
  }
  // Nobody of the test before is in there, however long the server takes to notice that they have gone.
  room = `room ${rooms++}`;
});

/** What each has heard, once everything that was under way has arrived. */
async function heard() {
  // The server answers in order: what it had emitted before is here by then.
  await Promise.all([anna, ben, carla].map((socket) => socket.emitWithAck("my rooms")));
  return [anna, ben, carla].map((socket) => socket.heard.splice(0));
}

const sorted = (sockets) => sockets.map(({ id }) => id).sort();

test("who joins is told who is there, and the others that somebody came", async () => {
  assert.deepEqual(await anna.emitWithAck("join", room), [anna.id]);
  assert.deepEqual((await ben.emitWithAck("join", room)).sort(), sorted([anna, ben]));
  assert.deepEqual(await heard(), [[["joined", room, ben.id]], [], []]);
  assert.deepEqual((await carla.emitWithAck("who", room)).sort(), sorted([anna, ben]));
});

test("what is said in a room is heard there, by the others", async () => {
  for (const socket of [anna, ben]) await socket.emitWithAck("join", room);
  await heard();
  await anna.emitWithAck("say", room, "hello");
  assert.deepEqual(await heard(), [[], [["said", room, anna.id, "hello"]], []]);
  assert.deepEqual(await carla.emitWithAck("say", room, "hello"), { message: "join the room first" });
  assert.deepEqual(await heard(), [[], [], []]);
});

test("who leaves hears no more, and is in the list no more", async () => {
  for (const socket of [anna, ben]) await socket.emitWithAck("join", room);
  await heard();
  await anna.emitWithAck("leave", room);
  assert.deepEqual(await heard(), [[], [["left", room, anna.id, "left"]], []]);
  await ben.emitWithAck("say", room, "is somebody here?");
  assert.deepEqual(await heard(), [[], [], []]);
  assert.deepEqual(await anna.emitWithAck("who", room), [ben.id]);
});

test("rooms can be left out", async () => {
  await ben.emitWithAck("join", room);
  await anna.emitWithAck("say to all but", [room, "another"], "a surprise for Ben");
  assert.deepEqual(await heard(), [[], [], [["said", "", anna.id, "a surprise for Ben"]]]);
});

test("each has a room of their own", async () => {
  await anna.emitWithAck("whisper", carla.id, "psst");
  assert.deepEqual(await heard(), [[], [], [["whispered", anna.id, "psst"]]]);
  assert.match((await anna.emitWithAck("join", ben.id)).message, /socket/);
});

test("the rooms can be listed: one's own, and all", async () => {
  for (const socket of [anna, ben]) await socket.emitWithAck("join", room);
  await anna.emitWithAck("join", `corner of ${room}`);
  const [own, ...joined] = await anna.emitWithAck("my rooms");
  assert.deepEqual([own, joined.sort()], [anna.id, [`corner of ${room}`, room]]);
  assert.deepEqual(await carla.emitWithAck("my rooms"), [carla.id]);
  const all = await carla.emitWithAck("rooms");
  assert.deepEqual([all[room], all[`corner of ${room}`], all[anna.id]], [2, 1, undefined]);
});

test("who goes says goodbye in each of their rooms", async () => {
  const rooms = [`corner of ${room}`, room];
  for (const name of rooms) await Promise.all([anna, ben].map((socket) => socket.emitWithAck("join", name)));
  await heard();
  const { id } = anna;
  const left = new Promise((resolve) => {
    const goodbyes = [];
    ben.on("left", (...goodbye) => goodbyes.push(goodbye) === rooms.length && resolve(goodbyes));
  });
  anna.disconnect();
  assert.deepEqual((await left).sort(), rooms.map((name) => [name, id, "client namespace disconnect"]));
  assert.deepEqual(await ben.emitWithAck("who", room), [ben.id]);
});

test("it is said too when a connection is lost", async () => {
  for (const socket of [anna, ben]) await socket.emitWithAck("join", room);
  const { id } = anna;
  const left = once(ben, "left");
  anna.io.engine.close();
  assert.deepEqual(await left, [room, id, "transport close"]);
});
