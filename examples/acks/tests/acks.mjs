import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "../../../tests/interop/client.mjs";

let guest;
beforeEach(async () => (guest = await connect()));

test("an acknowledgement may have several arguments", async () => {
  const args = await new Promise((resolve) => guest.emit("menu", (...received) => resolve(received)));
  assert.deepEqual(args, [["soup", "pizza", "cake"], "EUR"]);
});

test("a result answers, whether it is good or bad", async () => {
  assert.deepEqual(await guest.emitWithAck("order", "pizza"), { dish: "pizza", cents: 1150 });
  assert.deepEqual(await guest.emitWithAck("order", "cake"), { message: "sold out", data: { instead: "soup" } });
  assert.deepEqual(await guest.emitWithAck("order", "shoes"), { message: "there is no shoes" });
});

test("arguments of another type are refused before the handler sees them", async () => {
  assert.deepEqual(await guest.emitWithAck("order", 7), { message: "unexpected arguments" });
});

test("an answer may come later, and others before it", async () => {
  const order = [];
  const baked = guest.emitWithAck("bake", 20).then((answer) => order.push(answer));
  await guest.emitWithAck("menu").then(() => order.push("menu"));
  await baked;
  assert.deepEqual(order, ["menu", "ding"]);
});

test("the server asks a client", async () => {
  guest.once("what will it be?", (answer) => answer("soup"));
  assert.equal(await guest.emitWithAck("ask me"), "one soup");
});

test("the server does not wait for ever", async () => {
  assert.equal(await guest.emitWithAck("ask me"), "take your time");
});

test("an answer of another type is no answer", async () => {
  guest.once("what will it be?", (answer) => answer(7));
  assert.match(await guest.emitWithAck("ask me"), /^pardon\?/);
});

test("the server asks a room", async () => {
  const friend = await connect();
  await Promise.all([guest, friend].map((one) => one.emitWithAck("sit", "by the window")));
  guest.on("what will it be?", (answer) => answer("soup"));
  friend.on("what will it be?", (answer) => answer("pizza"));
  const { dishes, undecided } = await guest.emitWithAck("ask the table", "by the window");
  assert.deepEqual([dishes.sort(), undecided], [["pizza", "soup"], 0]);
});

test("some answers are better than none", async () => {
  const friend = await connect();
  await Promise.all([guest, friend].map((one) => one.emitWithAck("sit", "in the corner")));
  guest.on("what will it be?", (answer) => answer("soup"));
  assert.deepEqual(await guest.emitWithAck("ask the table", "in the corner"), { dishes: ["soup"], undecided: 1 });
});
