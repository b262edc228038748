import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, idle, once, settled, url } from "../../../tests/interop/client.mjs";

/** There is no todo of this id. */
const NONE = 123456;

/** Asks the REST API; the answer's status and body. */
async function ask(method, path, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return [response.status, text && JSON.parse(text)];
}

/** Waits until a socket has heard of all there was to hear: the server answers in order. */
const everything = (socket) => socket.emitWithAck("todo:change", NONE, {});

const add = async (text) => (await ask("POST", "/todos", { text }))[1];

test("a client sees what a POST, a PATCH and a DELETE did", async () => {
  const socket = await connect();
  let heard = once(socket, "todo");
  const [status, milk] = await ask("POST", "/todos", { text: "buy milk" });
  assert.deepEqual([status, milk], [201, { id: milk.id, text: "buy milk", done: false }]);
  assert.deepEqual(await heard, milk);

  heard = once(socket, "todo");
  const changed = { ...milk, text: "buy oat milk" };
  assert.deepEqual(await ask("PATCH", `/todos/${milk.id}`, { text: "buy oat milk" }), [200, changed]);
  assert.deepEqual(await heard, changed);

  heard = once(socket, "todo:removed");
  assert.deepEqual(await ask("DELETE", `/todos/${milk.id}`), [204, ""]);
  assert.equal(await heard, milk.id);
});

test("a GET shows what a client changed, and the other clients hear of it", async () => {
  const tea = await add("make tea");
  const [socket, other] = await Promise.all([connect(), connect()]);
  const heard = once(other, "todo");
  const done = { ...tea, done: true };
  assert.deepEqual(await socket.emitWithAck("todo:change", tea.id, { done: true }), done);
  assert.deepEqual(await heard, done);
  const [, todos] = await ask("GET", "/todos");
  assert.deepEqual(todos.at(-1), done);
});

test("who comes gets the list first, and then the changes", async () => {
  const [, todos] = await ask("GET", "/todos");
  const socket = idle();
  const list = once(socket, "todos");
  socket.connect();
  assert.deepEqual(await list, todos);
  await settled(socket);
  const heard = once(socket, "todo");
  assert.deepEqual(await add("come in"), await heard);
});

test("changes are heard in the order in which they were made", async () => {
  const socket = await connect();
  const { id } = await add("count");
  const heard = [];
  socket.on("todo", ({ text }) => heard.push(text));
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`);
  await Promise.all(texts.map((text) => ask("PATCH", `/todos/${id}`, { text })));
  await everything(socket);
  assert.deepEqual(heard.filter((text) => texts.includes(text)).sort(), [...texts].sort());
  const [, todos] = await ask("GET", "/todos");
  assert.equal(todos.find((todo) => todo.id === id).text, heard.at(-1));
});

test("what is refused is refused on both sides, and changes nothing", async () => {
  const socket = await connect();
  const { id } = await add("stay as you are");
  const before = await ask("GET", "/todos");
  await everything(socket);
  const heard = [];
  socket.onAny((...event) => heard.push(event));
  assert.deepEqual(await ask("PATCH", `/todos/${NONE}`, { done: true }), [404, { message: "there is no such todo" }]);
  const refused = await socket.emitWithAck("todo:change", NONE, { done: true });
  assert.deepEqual(refused, { message: "there is no such todo", data: NONE });
  assert.deepEqual(await ask("PATCH", `/todos/${id}`, { text: " " }), [422, { message: "a todo needs a text" }]);
  assert.deepEqual(await socket.emitWithAck("todo:change", id, { text: "" }), { message: "a todo needs a text" });
  assert.deepEqual(heard, []);
  assert.deepEqual(await ask("GET", "/todos"), before);
});
