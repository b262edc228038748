// The client with the headers of HEADERS is refused with 401, and told so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { idle, once, transports } from "../interop/client.mjs";

test("the client gets a connect_error with the status", async () => {
  const socket = idle("/", { extraHeaders: JSON.parse(process.env.HEADERS ?? "{}"), reconnection: false });
  socket.connect();
  const error = await once(socket, "connect_error");
  assert.equal(socket.connected, false);
  if (transports[0] === "polling") {
    assert.equal(error.message, "xhr poll error");
    assert.equal(error.description, 401);
  } else {
    assert.equal(error.message, "websocket error");
    assert.match(error.description.message, /401/);
  }
});
