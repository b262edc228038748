import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, departure, once } from "./client.mjs";

const SIZES = [125, 126, 65_535, 65_536, 70_000, 300_000, 700_000];

test("large texts come back whole", async () => {
  const socket = await connect();
  for (const size of SIZES) {
    const text = "0123456789é".repeat(size).slice(0, size);
    assert.equal(await socket.emitWithAck("message-with-ack", text), text, `${size} characters`);
  }
});

test("large binaries come back whole", async () => {
  const socket = await connect();
  for (const size of SIZES) {
    const bytes = Buffer.alloc(size, "0123456789abcdefg");
    const back = await socket.emitWithAck("message-with-ack", bytes);
    assert.ok(bytes.equals(back), `${size} bytes`);
  }
});

test("a message over the limit ends the connection, and the client comes back", async () => {
  const socket = await connect();
  const { id } = socket;
  const away = once(socket, "disconnect");
  const back = away.then(() => once(socket, "connect"));
  socket.emit("message", "x".repeat(1_000_001));
  const [reason] = [].concat(await away);
  assert.match(reason, /^transport (error|close)$/);
  assert.match(await departure(id), /^transport (error|close)$/);
  await back;
  assert.equal(await socket.emitWithAck("message-with-ack", "still here"), "still here");
});

test("a message over the limit does not disturb others", async () => {
  const [culprit, other] = await Promise.all([connect(), connect()]);
  let disturbed = 0;
  other.on("disconnect", () => (disturbed += 1));
  const away = once(culprit, "disconnect");
  culprit.emit("message", "x".repeat(1_000_001));
  await away;
  assert.equal(await other.emitWithAck("message-with-ack", "still here"), "still here");
  assert.equal(disturbed, 0);
});
