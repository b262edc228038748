// The client with the headers of HEADERS: what it sends comes back, small and large.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, transports } from "../interop/client.mjs";

const extraHeaders = JSON.parse(process.env.HEADERS ?? "{}");

test("what is sent comes back", async () => {
  const socket = await connect("/", { extraHeaders });
  assert.equal(socket.io.engine.transport.name, transports.at(-1));
  const large = "0123456789é".repeat(10_000);
  for (const text of ["small", large]) assert.equal(await socket.emitWithAck("echo", text), text);
  const bytes = Buffer.alloc(10_000, 7);
  assert.ok(bytes.equals(await socket.emitWithAck("echo", bytes)));
});
