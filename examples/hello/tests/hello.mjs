import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, url } from "../../../tests/interop/client.mjs";

test("what is sent comes back", async () => {
  const socket = await connect();
  const answer = await new Promise((resolve) => socket.emit("echo", "hello", { to: ["all"] }, (...args) => resolve(args)));
  assert.deepEqual(answer, ["hello", { to: ["all"] }]);
});

test("the app has routes besides", async () => {
  const response = await fetch(url);
  assert.equal(await response.text(), "hello");
});
