import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, once, url } from "./client.mjs";

function announce(room, news) {
  return fetch(`${url}/announce`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ room, news }),
  });
}

test("a REST route reaches the sockets of a room, and only these", async () => {
  const [inside, outside] = await Promise.all([connect(), connect()]);
  await inside.emitWithAck("join", "lobby");
  let overheard = 0;
  outside.on("news", () => (overheard += 1));
  const news = once(inside, "news");
  const response = await announce("lobby", { headline: "hello", numbers: [1, 2] });
  assert.equal(response.status, 202);
  assert.deepEqual(await news, { headline: "hello", numbers: [1, 2] });
  await outside.emitWithAck("message-with-ack");
  assert.equal(overheard, 0);
});

test("a room without sockets is no error", async () => {
  assert.equal((await announce("nobody is here", 1)).status, 202);
});

test("the app's own routes answer as if there were no sockets", async () => {
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
});
