// The client with the headers of HEADERS asks EVENT, which is answered with ANSWER.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../interop/client.mjs";

const { EVENT, ANSWER, HEADERS } = process.env;

test(`${EVENT} is answered with ${ANSWER}`, async () => {
  const socket = await connect("/", { extraHeaders: JSON.parse(HEADERS) });
  assert.equal(await socket.emitWithAck(EVENT), ANSWER);
});
