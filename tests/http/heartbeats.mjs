// The client idles through some heartbeats, and is still connected.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, once } from "../interop/client.mjs";

test("the connection outlives its heartbeats", async () => {
  const socket = await connect("/", { reconnection: false });
  const away = once(socket, "disconnect").then((reason) => assert.fail(`disconnected: ${reason}`));
  for (let beat = 0; beat < 2; beat += 1) await Promise.race([once(socket.io, "ping"), away]);
  assert.equal(await socket.emitWithAck("echo", "here"), "here");
});
