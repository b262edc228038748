// The client on `fetch`, which asks for compressed answers and takes them apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../interop/client.mjs";
import { Fetch } from "../interop/node_modules/socket.io-client/build/esm-debug/index.js";

test("compressed answers arrive as they were meant", async () => {
  const encodings = [];
  const plain = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await plain(...request);
    encodings.push(response.headers.get("content-encoding"));
    return response;
  };
  const socket = await connect("/", { transports: [Fetch] });
  const large = "0123456789é".repeat(10_000);
  for (const text of ["small", large]) assert.equal(await socket.emitWithAck("echo", text), text);
  const bytes = Buffer.alloc(10_000, 7);
  assert.ok(bytes.equals(await socket.emitWithAck("echo", bytes)));
  assert.ok(encodings.includes("gzip") && encodings.includes(null), `${encodings}`);
});
