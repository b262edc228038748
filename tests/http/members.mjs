// Who has a token is known to the handlers, and who has none is told why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, idle, once } from "../interop/client.mjs";

test("a handler knows whom the middleware let in", async () => {
  const socket = await connect("/members", { auth: { token: "ada's" } });
  assert.equal(await socket.emitWithAck("whoami"), "Ada");
});

test("who is refused gets a connect_error with data", async () => {
  const socket = idle("/members", { auth: { token: "stolen" } });
  socket.connect();
  const error = await once(socket, "connect_error");
  assert.equal(error.message, "not authorized");
  assert.deepEqual(error.data, ["ask for a token"]);
});
