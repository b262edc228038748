import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, listen, once } from "./client.mjs";

/** Sockets of `/` and `/custom` on one connection. */
async function pair() {
  const main = await connect();
  const custom = main.io.socket("/custom", { auth: { of: "custom" } });
  const auth = once(custom, "auth");
  if (!custom.connected) custom.connect();
  assert.deepEqual(await auth, { of: "custom" });
  return { main, custom };
}

test("each namespace has a socket of its own on the one connection", async () => {
  const { main, custom } = await pair();
  assert.equal(main.io.engine, custom.io.engine);
  assert.equal(new Set([main.id, custom.id, main.io.engine.id]).size, 3);
});

test("events of one namespace do not reach the other", async () => {
  const { main, custom } = await pair();
  const told = [];
  main.on("told", (text) => told.push(["main", text]));
  custom.on("told", (text) => told.push(["custom", text]));
  await custom.emitWithAck("to-all", "to custom");
  await main.emitWithAck("to-all", "to main");
  await main.emitWithAck("message-with-ack");
  assert.deepEqual(told, [["custom", "to custom"], ["main", "to main"]]);
});

test("both namespaces carry binary", async () => {
  const { main, custom } = await pair();
  const backs = [once(main, "message-back"), once(custom, "message-back")];
  main.emit("message", Buffer.from([1]));
  custom.emit("message", Buffer.from([2]));
  assert.deepEqual(await Promise.all(backs), [Buffer.from([1]), Buffer.from([2])]);
});

test("who leaves one namespace stays in the other", async () => {
  const { main, custom } = await pair();
  custom.disconnect();
  assert.equal(await main.emitWithAck("message-with-ack", "still here"), "still here");
  const again = once(custom, "auth");
  custom.connect();
  await again;
  assert.equal(custom.io.engine, main.io.engine);
});

test("who is sent out of one namespace stays in the other", async () => {
  const { main, custom } = await pair();
  const left = once(custom, "disconnect");
  custom.emit("leave-namespace");
  const [reason] = [].concat(await left);
  assert.equal(reason, "io server disconnect");
  assert.equal(await main.emitWithAck("message-with-ack", "still here"), "still here");
});

test("rooms of other clients do not cross namespaces", async () => {
  const { custom } = await pair();
  const other = await connect();
  const heard = listen(other);
  await custom.emitWithAck("to-all", "only custom");
  assert.deepEqual(await heard(), []);
});
