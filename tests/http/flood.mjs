// Who sends too much is refused, and put out when it goes on; who waits is served.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, once } from "../interop/client.mjs";

test("a burst is served, what is over it is refused, and then there is room again", async () => {
  const socket = await connect();
  const answers = await Promise.all(Array.from({ length: 25 }, () => socket.emitWithAck("echo", "x")));
  const refused = answers.filter((answer) => answer.message === "too many events");
  assert.ok(refused.length > 0 && refused.length <= 5, `${refused.length} of 25 are refused`);
  assert.equal(answers.filter((answer) => answer === "x").length, 25 - refused.length);
  while ((await socket.emitWithAck("echo", "y")) !== "y") await new Promise((resolve) => setTimeout(resolve, 150));
});

test("a flood is put out", async () => {
  const socket = await connect();
  const out = once(socket, "disconnect");
  for (let sent = 0; sent < 200; sent += 1) socket.emit("echo", "x");
  const [reason] = [].concat(await out);
  assert.equal(reason, "io server disconnect");
  assert.equal(socket.active, false, "the client does not come back by itself");
});
