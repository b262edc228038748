import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, once, transports } from "../../../tests/interop/client.mjs";

/** Somebody of this name, and the node they are on. With a jar for cookies, as a browser has one, and a name for the proxy. */
async function person(name) {
  const socket = await connect("/", { auth: { name }, query: { client: name }, withCredentials: true });
  const said = [];
  socket.on("said", (person, text) => said.push([person.name, person.node, text]));
  const { node } = (await socket.emitWithAck("who")).find((person) => person.name === name);
  return Object.assign(socket, { name, node, said });
}

test("clients are on all nodes, and each hears what is said on the others", async () => {
  const people = [];
  for (let at = 0; new Set(people.map(({ node }) => node)).size < 3; at++) {
    assert.ok(at < 100, "all of a hundred clients are on the same node, or on two");
    people.push(await person(`client ${at}`));
  }
  const all = people.map(({ name, node }) => ({ name, node }));
  const sorted = (people) => people.toSorted((one, other) => one.name.localeCompare(other.name));
  for (const socket of people) assert.deepEqual(sorted(await socket.emitWithAck("who")), sorted(all));

  for (const socket of people) await socket.emitWithAck("say", `from ${socket.node}`);
  const expected = people.map(({ name, node }) => [name, node, `from ${node}`]);
  for (const socket of people) {
    while (socket.said.length < expected.length) await once(socket, "said");
    // What nodes say at the same time comes in any order.
    assert.deepEqual(socket.said.toSorted(), expected.toSorted());
  }
});

test("who leaves is not asked for again", async () => {
  const [anna, ben] = [await person("Anna"), await person("Ben")];
  const changed = once(ben, "changed");
  anna.disconnect();
  await changed;
  // The client before may still be on its way out.
  while ((await ben.emitWithAck("who")).some(({ name }) => name !== "Ben")) await once(ben, "changed");
});

test("a client stays on its node, whatever it travels on", async () => {
  const socket = await person("Carla");
  for (let turn = 0; turn < 20; turn++) {
    const [{ node }] = (await socket.emitWithAck("who")).filter(({ name }) => name === "Carla");
    assert.equal(node, socket.node);
  }
  assert.equal(socket.io.engine.transport.name, transports.at(-1));
});
