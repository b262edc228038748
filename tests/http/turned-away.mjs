// The client is refused before there is a session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { idle, once, transports } from "../interop/client.mjs";

test("the client gets a connect_error", async () => {
  const socket = idle("/", { reconnection: false });
  socket.connect();
  const error = await once(socket, "connect_error");
  assert.equal(socket.connected, false);
  if (transports[0] === "polling") {
    assert.equal(error.description, 403);
  } else {
    assert.match(error.description.message, /400/);
  }
});
