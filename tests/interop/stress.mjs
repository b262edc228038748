// Numbered events in both directions while the transport changes from polling to WebSocket at a random moment.
// SEED repeats a run; ROUNDS and EVENTS change its size.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { io, NodeWebSocket, NodeXHR } from "socket.io-client";
import { once, url } from "./client.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 50);
const EVENTS = Number(process.env.EVENTS ?? 10_000);
const SEED = Number(process.env.SEED || Date.now() % 2 ** 32);
/** The latest moment at which the upgrade begins, in ms. */
const LATEST = 60;
/** The server emits this many at a time, so that what waits for a polling client stays within its limits. */
const WINDOW = 250;

/** A small generator of random numbers that a seed repeats (mulberry32). */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = generator(SEED);
const upTo = (most) => Math.floor(random() * (most + 1));

/** A socket on polling whose upgrade begins `delay` ms after the connection is open. */
function connectLate(delay) {
  class LateWebSocket extends NodeWebSocket {
    doOpen() {
      setTimeout(() => super.doOpen(), delay);
    }
  }
  return io(url, { transports: [NodeXHR, LateWebSocket], forceNew: true, reconnection: false });
}

/** Sends every number, in bursts, and waits now and then for the server to have counted them. The last come after the upgrade. */
async function sendAll(socket, upgraded) {
  for (let value = 0; value < EVENTS; ) {
    if (value > EVENTS * 0.9) await upgraded;
    const end = Math.min(EVENTS, value + 1 + upTo(400));
    while (value < end) socket.emit("number", value++);
    if (random() < 0.3) await socket.emitWithAck("count");
    else await pause(upTo(3));
  }
}

/** Receives every number, and says how many came out of turn. */
function receiveAll(socket) {
  let next = 0;
  let asked = 0;
  let faults = 0;
  const ask = () => {
    const amount = Math.min(WINDOW, EVENTS - asked);
    if (amount > 0) socket.emit("more", asked, amount);
    asked += amount;
  };
  return new Promise((resolve) => {
    socket.on("number", (value) => {
      if (value !== next) faults += 1;
      next = value + 1;
      if (next === EVENTS) resolve({ next, faults });
      else if (next % WINDOW === 0) ask();
    });
    ask();
    ask();
  });
}

async function round() {
  const socket = connectLate(upTo(LATEST));
  let began = false;
  let done = false;
  // A short delay can upgrade the connection before the namespace is joined.
  const upgraded = once(socket.io.engine, "upgrade").then(() => began && !done);
  const lost = once(socket, "disconnect").then((reason) => assert.fail(`disconnected: ${reason}`));
  await once(socket, "connect");
  await Promise.race([lost, pause(upTo(LATEST / 6))]);
  began = true;
  const [received] = await Promise.race([lost, Promise.all([receiveAll(socket), sendAll(socket, upgraded)])]);
  const sent = await Promise.race([lost, socket.emitWithAck("count")]);
  done = true;
  assert.deepEqual(received, { next: EVENTS, faults: 0 }, "from the server");
  assert.deepEqual(sent, { next: EVENTS, faults: 0 }, "to the server");
  const midway = await Promise.race([lost, upgraded]);
  lost.catch(() => {});
  socket.disconnect();
  return midway;
}

test(`${ROUNDS} rounds of ${EVENTS} events each way, SEED=${SEED}`, { timeout: 300_000 }, async (t) => {
  let midway = 0;
  for (let number = 1; number <= ROUNDS; number += 1) {
    midway += await round();
  }
  t.diagnostic(`${midway} of ${ROUNDS} upgrades fell into the traffic`);
  // Otherwise the test shows nothing.
  assert.ok(midway > ROUNDS / 2, `${midway} upgrades of ${ROUNDS} fell into the traffic`);
});
