import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, idle, once } from "../../../tests/interop/client.mjs";

const ACME = { auth: { token: "key of acme" } };
const GLOBEX = { auth: { token: "key of globex" } };
const ADMIN = { auth: { token: "master key" } };

/** Why a client was not let in. */
async function refusal(namespace, options) {
  const socket = idle(namespace, { ...options, reconnection: false });
  socket.once("connect", () => assert.fail("it was let in"));
  socket.connect();
  return (await once(socket, "connect_error")).message;
}

/** Why a socket was disconnected, once it is. */
const reason = (socket) => new Promise((resolve) => socket.once("disconnect", (reason) => resolve(reason)));

/** Has a socket keep what it hears. */
function listening(socket) {
  socket.heard = [];
  socket.onAny((...event) => socket.heard.push(event));
  return socket;
}

/** What each tenant has heard, once everything that was under way has arrived. */
async function heard(...tenants) {
  // The server answers in order: what it had emitted before is here by then.
  await Promise.all(tenants.map((socket) => socket.emitWithAck("who am i")));
  return tenants.map((socket) => socket.heard.splice(0));
}

/** Waits until the namespaces are as they should be. */
async function until(admin, are) {
  while (!are(await admin.emitWithAck("namespaces")));
}

test("a token opens the namespace of its tenant, and no other", async () => {
  const acme = await connect("/tenant/1", ACME);
  assert.equal(await acme.emitWithAck("who am i"), 1);
  for (const [namespace, options, message] of [
    ["/tenant/2", ACME, "not authorized"],
    ["/tenant/3", ACME, "not authorized"],
    ["/tenant/1", GLOBEX, "not authorized"],
    ["/tenant/1", {}, "not authorized"],
    ["/tenant/acme", ACME, "invalid namespace parameters"],
    ["/tenant/1/2", ACME, "Invalid namespace"],
    ["/tenant", ACME, "Invalid namespace"],
    ["/admin", ACME, "not authorized"],
  ]) {
    assert.equal(await refusal(namespace, options), message, namespace);
  }
});

test("tenants do not hear of each other, though their rooms have the same names", async () => {
  const tenants = [connect("/tenant/1", ACME), connect("/tenant/1", ACME), connect("/tenant/2", GLOBEX)];
  const [anna, ben, carla] = (await Promise.all(tenants)).map(listening);
  for (const socket of [anna, ben, carla]) await socket.emitWithAck("sit", "reception");
  await anna.emitWithAck("say", "reception", "hello");
  assert.deepEqual(await heard(anna, ben, carla), [[], [["said", "reception", "hello"]], []]);
  // Nor is there a way round: each socket's own room is in its namespace too.
  await anna.emitWithAck("say", carla.id, "psst");
  assert.deepEqual(await heard(anna, ben, carla), [[], [], []]);
});

test("all tenants can be spoken to, and nobody else", async () => {
  const admin = listening(await connect("/admin", ADMIN));
  const board = listening(await connect("/plans"));
  const tenants = await Promise.all([connect("/tenant/1", ACME), connect("/tenant/2", GLOBEX)]);
  tenants.forEach(listening);
  await admin.emitWithAck("announce", "we close at six");
  const announced = [["announcement", "we close at six"]];
  assert.deepEqual(await heard(...tenants), [announced, announced]);
  await board.emitWithAck("pin", "the last to arrive");
  assert.deepEqual(board.heard, [["pinned", "the last to arrive"]]);
  assert.ok(admin.heard.every(([event]) => event === "namespace"));
});

test("there are the boards that the database knows", async () => {
  const admin = await connect("/admin", ADMIN);
  assert.equal(await refusal("/ideas"), "Invalid namespace");
  await admin.emitWithAck("open board", "/ideas");
  const [one, other] = await Promise.all([connect("/ideas"), connect("/ideas")]);
  const pinned = once(other, "pinned");
  await one.emitWithAck("pin", "a bigger board");
  assert.equal(await pinned, "a bigger board");

  const left = Promise.all([reason(one), reason(other)]);
  await admin.emitWithAck("close board", "/ideas");
  assert.deepEqual(await left, ["io server disconnect", "io server disconnect"]);
  await until(admin, (names) => !("/ideas" in names));
  assert.equal(await refusal("/ideas"), "Invalid namespace");
  for (const name of ["/ideas", "/admin", "/tenant/{id}"]) {
    assert.deepEqual(await admin.emitWithAck("close board", name), { message: "there is no such board" });
  }
});

test("a namespace comes with the first and goes with the last, again and again", async () => {
  const admin = await connect("/admin", ADMIN);
  await admin.emitWithAck("open board", "/brief");
  for (let round = 0; round < 3; round++) {
    assert.ok(!("/brief" in (await admin.emitWithAck("namespaces"))));
    const created = [];
    admin.on("namespace", (name) => created.push(name));
    const first = await connect("/brief");
    const second = await connect("/brief");
    await until(admin, (names) => names["/brief"] === 2 && created.includes("/brief"));
    first.disconnect();
    await until(admin, (names) => names["/brief"] === 1);
    second.disconnect();
    await until(admin, (names) => !("/brief" in names));
    assert.deepEqual(
      created.filter((name) => name === "/brief"),
      ["/brief"],
    );
    admin.off("namespace");
  }
  assert.ok("/admin" in (await admin.emitWithAck("namespaces")));
});

test("who is sent away from one namespace stays in the others, on the same connection", async () => {
  const admin = await connect("/admin", ADMIN);
  const tenant = await connect("/tenant/1", ACME);
  const bystander = await connect("/tenant/1", ACME);
  const board = tenant.io.socket("/plans", {});
  board.connect();
  await once(board, "connect");
  assert.equal(await admin.emitWithAck("kick", "/tenant/2", tenant.id), 0);
  const left = reason(tenant);
  assert.equal(await admin.emitWithAck("kick", "/tenant/1", tenant.id), 1);
  assert.equal(await left, "io server disconnect");
  const pinned = once(board, "pinned");
  await board.emitWithAck("pin", "still here");
  assert.equal(await pinned, "still here");
  assert.equal(await bystander.emitWithAck("who am i"), 1);
});
