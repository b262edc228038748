import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { connect, once, transports } from "../../../tests/interop/client.mjs";
import { Line } from "./line.mjs";

/** How long a client may be away, and how often there is news: as the server has it. */
const MAX_ABSENCE = 5_000;
const PERIOD = 50;

let line, reader, witness;

beforeEach(async () => {
  line = await Line.to(process.env.PORT);
  // It tries again soon, however often it was turned away.
  [reader, witness] = await Promise.all([connect("/", { at: line.url, reconnectionDelayMax: 50 }), connect()]);
  for (const socket of [reader, witness]) {
    socket.heard = [];
    // The library adds an argument of its own, which says how far the client has come.
    socket.on("news", (topic, number) => socket.heard.push([topic, number]));
  }
  await reach(witness, (await witness.emitWithAck("follow", "weather")) + 1);
});
afterEach(() => line.close());

/** Waits until a socket has heard of a piece of news, or of a later one. */
async function reach(socket, number) {
  while (!(socket.heard.at(-1)?.[1] >= number)) await once(socket, "news");
}

/** Whether somebody who leaves may come back, as the witness hears it. */
const departure = (id) =>
  new Promise((resolve) => witness.on("left", (left, recoverable) => left === id && resolve(recoverable)));

/** Waits until there have been so many news more. */
async function moreNews(count) {
  const [, number] = witness.heard.at(-1);
  await reach(witness, number + count);
}

/** Cuts the reader's line, has it away for some news, and waits until it is back. */
async function interrupt(news) {
  const lost = once(reader, "disconnect");
  line.cut();
  await lost;
  await moreNews(news);
  const back = once(reader, "connect");
  line.mend();
  await back;
}

/** All there was after a number, up to what has been heard last. */
function since(topic, number, heard) {
  const [, last] = heard.at(-1);
  return Array.from({ length: last - number }, (_, index) => [topic, number + 1 + index]);
}

test("who is cut off for a moment misses nothing, and gets nothing twice", async () => {
  const { id } = reader;
  assert.equal(reader.recovered, false);
  const start = await reader.emitWithAck("follow", "weather");
  const others = [];
  reader.onAny((event) => event !== "news" && others.push(event));
  // A client says by the last event it got how far it has come. Before the first of a room, that was before the room.
  await reach(reader, start + 1);
  for (const interruptions of [1, 2, 3]) {
    await interrupt(5);
    assert.deepEqual([reader.recovered, reader.id], [true, id]);
    assert.deepEqual(await reader.emitWithAck("me"), { interruptions, rooms: [id, "weather"] });
  }
  await reach(reader, witness.heard.at(-1)[1]);
  assert.deepEqual(reader.heard, since("weather", start, reader.heard));
  // Not even of its own departures, or the state of things once more.
  assert.deepEqual(others, []);
});

test("what was missed is that of its own rooms, and there before it is connected", async () => {
  const start = await reader.emitWithAck("follow", "traffic");
  await reach(reader, start + 1);
  let before;
  reader.once("connect", () => (before = [...reader.heard]));
  await interrupt(5);
  assert.equal(reader.recovered, true);
  assert.ok(before.length >= 5);
  assert.deepEqual(before, since("traffic", start, before));
});

// It takes the seconds that it takes, so once is enough.
test("who is away for too long begins anew", { skip: transports[0] !== "websocket" }, async () => {
  const { id } = reader;
  const start = await reader.emitWithAck("follow", "weather");
  await reach(reader, start + 1);
  const left = departure(id);
  let numbers;
  reader.once("numbers", (now) => (numbers = now));
  const interruption = interrupt(MAX_ABSENCE / PERIOD + 20);
  assert.equal(await left, true);
  await interruption;

  assert.equal(reader.recovered, false);
  assert.notEqual(reader.id, id);
  assert.deepEqual(await reader.emitWithAck("me"), { interruptions: 0, rooms: [reader.id] });
  // What was missed did not come, but how far the news is: the app sees how much is missing.
  const [, last] = reader.heard.at(-1);
  assert.ok(numbers.weather - last >= MAX_ABSENCE / PERIOD);
  assert.deepEqual(reader.heard, since("weather", start, reader.heard));
  // It goes on when it is asked for again.
  const again = await reader.emitWithAck("follow", "weather");
  await reach(reader, again + 1);
  assert.equal(reader.heard.find(([, number]) => number > last)[1], again + 1);
});

test("who leaves and comes again is new", async () => {
  const { id } = reader;
  await reader.emitWithAck("follow", "weather");
  const left = departure(id);
  reader.disconnect();
  assert.equal(await left, false);
  const back = once(reader, "connect");
  reader.connect();
  await back;
  assert.equal(reader.recovered, false);
  assert.deepEqual(await reader.emitWithAck("me"), { interruptions: 0, rooms: [reader.id] });
});
