// The client's connection is cut while it idles.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, once } from "../interop/client.mjs";

test("the client is told of a transport error", async () => {
  const socket = await connect("/", { reconnection: false });
  const [reason, details] = await once(socket, "disconnect");
  assert.equal(reason, "transport error");
  assert.equal(details.description, 408);
});
