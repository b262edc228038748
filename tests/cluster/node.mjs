// A Node.js that is as many nodes of a cluster as a test wants, with the official server and adapters. It is led line by
// line (peer.rs): a command of JSON each line, and a line for what comes of it. The host in Rust takes the same commands.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { packages, read, show, tell } from "./lines.mjs";

const { Server } = packages("socket.io");
const { createAdapter: classic, createShardedAdapter: sharded } = packages("@socket.io/redis-adapter");
const { createAdapter: streams } = packages("@socket.io/redis-streams-adapter");
const { createAdapter: postgres } = packages("@socket.io/postgres-adapter");
const { createClient } = packages("redis");
const { Pool } = packages("pg");

const nodes = new Map();

// What an adapter still asks for while its connections are closed is nobody's fault. All else ends the program, and the test.
process.on("unhandledRejection", (error) => {
  if (!/^(DisconnectsClient|ClientClosed|SocketClosedUnexpectedly)Error$/.test(error?.constructor?.name)) throw error;
});

/** The adapter that a test calls so, and how its connections are closed. */
async function adapter({ kind, url, prefix, options }) {
  if (kind === "postgres") {
    const pool = new Pool({ connectionString: url, max: 2 });
    pool.on("error", () => {});
    return [postgres(pool, { channelPrefix: prefix, tableName: "attachments", ...options }), () => pool.end()];
  }
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  if (kind === "streams") {
    const made = streams(client, {
      streamName: `${prefix}-stream`,
      channelPrefix: prefix,
      sessionKeyPrefix: `${prefix}-session:`,
      blockTimeInMs: 500,
      ...options,
    });
    return [made, () => client.destroy()];
  }
  const listening = client.duplicate();
  listening.on("error", () => {});
  await listening.connect();
  const close = () => [client, listening].forEach((each) => each.destroy());
  if (kind === "classic") return [classic(client, listening, { key: prefix, ...options }), close];
  return [sharded(client, listening, { channelPrefix: prefix, ...options }), close];
}

/** Whom a command is for. */
function select(node, { nsp, from, to, except, local, volatile, compress, timeout }) {
  const namespace = node.io.of(nsp ?? "/");
  let chosen = from ? namespace.sockets.get(from).broadcast : namespace.to([]);
  if (to) chosen = chosen.to(to);
  if (except) chosen = chosen.except(except);
  if (local) chosen = chosen.local;
  if (volatile) chosen = chosen.volatile;
  if (compress !== undefined) chosen = chosen.compress(compress);
  if (timeout !== undefined) chosen = chosen.timeout(timeout);
  return chosen;
}

/** What an acknowledgement's callback is given, as a value. */
const answers = (ask) => new Promise((done) => ask((error, responses) => done({ error: error?.message, responses })));

const described = ({ id, handshake, rooms, data }) => ({ id, handshake, rooms: [...rooms], data });

const remote = async (node, { nsp, id }) => {
  const [socket] = await node.io.of(nsp ?? "/").in(id).fetchSockets();
  return socket;
};

const commands = {
  async open({ node, nsps, server, heard, ...options }) {
    const http = createServer();
    const [made, closeAdapter] = await adapter(options);
    const io = new Server(http, { adapter: made, ...server });
    for (const nsp of nsps) {
      const namespace = io.of(nsp);
      namespace.on("connection", (socket) => {
        socket.on("sync", (answer) => answer());
        socket.on("join", async (room, answer) => answer(await socket.join(room)));
      });
      for (const [event, answer] of Object.entries(heard)) {
        namespace.on(event, (...args) => {
          const last = typeof args.at(-1) === "function" ? args.pop() : undefined;
          tell({ node, heard: show([nsp, event, ...args]) });
          if (answer) last?.(...answer);
        });
      }
    }
    await new Promise((done) => http.listen(0, "127.0.0.1", done));
    nodes.set(node, { io, closeAdapter });
    return http.address().port;
  },
  async close({ io, closeAdapter }, { node }) {
    nodes.delete(node);
    await io.close();
    await closeAdapter();
  },
  emit: (node, command) => void select(node, command).emit(...command.args),
  emit_to: (node, { nsp, id, args }) => void node.io.of(nsp ?? "/").sockets.get(id).emit(...args),
  ask: (node, command) => answers((done) => select(node, command).emit(...command.args, done)),
  join: (node, command) => void select(node, command).socketsJoin(command.rooms),
  leave: (node, command) => void select(node, command).socketsLeave(command.rooms),
  disconnect: (node, command) => void select(node, command).disconnectSockets(command.close),
  fetch: async (node, command) => (await select(node, command).fetchSockets()).map(described),
  all_rooms: async (node, { nsp }) => [...(await node.io.of(nsp ?? "/").adapter.allRooms())],
  side_emit: (node, { nsp, args }) => void node.io.of(nsp ?? "/").serverSideEmit(...args),
  side_ask: (node, { nsp, args }) => answers((done) => node.io.of(nsp ?? "/").serverSideEmit(...args, done)),
  remote_emit: async (node, command) => void (await remote(node, command)).emit(...command.args),
  remote_ask: async (node, command) =>
    (await remote(node, command)).timeout(command.timeout).emitWithAck(...command.args),
  remote_join: async (node, command) => void (await remote(node, command)).join(command.rooms),
  remote_leave: async (node, command) => {
    const socket = await remote(node, command);
    command.rooms.forEach((room) => socket.leave(room));
  },
  remote_disconnect: async (node, command) => void (await remote(node, command)).disconnect(command.close),
  rooms: (node, { nsp, id }) => [...(node.io.of(nsp ?? "/").sockets.get(id)?.rooms ?? [])],
  set_data: (node, { nsp, id, data }) => void Object.assign(node.io.of(nsp ?? "/").sockets.get(id).data, data),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ticket, do: what, ...command } = JSON.parse(line, read);
  const node = nodes.get(command.node);
  Promise.resolve()
    .then(() => (node ? commands[what](node, command) : commands[what](command)))
    .then(
      (value) => tell({ done: ticket, value: show(value) ?? null }),
      (error) => tell({ done: ticket, error: `${what}: ${error?.message ?? error}` }),
    );
}
process.exit(0);
