// A hand on the brokers, led line by line as node.mjs is: it asks them, listens to what crosses the wire, speaks as the official
// emitters do, and publishes what nobody should.

import { createInterface } from "node:readline";
import { packages, read, show, tell } from "./lines.mjs";

const { createClient } = packages("redis");
const { Client, Pool } = packages("pg");
const notepack = packages("notepack.io");
const msgpack = packages("@msgpack/msgpack");
const { Emitter: RedisEmitter } = packages("@socket.io/redis-emitter");
const { Emitter: PostgresEmitter } = packages("@socket.io/postgres-emitter");

const connections = new Map();

/** A connection to Redis or PostgreSQL, kept for all who need one. */
function connection(url) {
  if (!connections.has(url)) connections.set(url, url.startsWith("redis") ? redis(url) : new Pool({ connectionString: url }));
  return connections.get(url);
}

async function redis(url) {
  const client = createClient({ url });
  client.on("error", () => {});
  return client.connect();
}

async function emitter({ url, prefix, nsp }) {
  const client = await connection(url);
  if (url.startsWith("redis")) return new RedisEmitter(client, { key: prefix }).of(nsp);
  return new PostgresEmitter(client, nsp, { channelPrefix: prefix, tableName: "attachments" });
}

/** The words of a line of MONITOR, as bytes. */
function* words(line) {
  const letters = { n: 10, r: 13, t: 9, a: 7, b: 8 };
  for (const [, quoted] of line.matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
    const bytes = quoted.matchAll(/\\x([0-9a-f]{2})|\\(.)|([^\\])/g);
    yield Buffer.from(
      [...bytes].map(([, hex, escaped, plain]) =>
        hex ? parseInt(hex, 16) : (letters[escaped] ?? (escaped ?? plain).charCodeAt(0)),
      ),
    );
  }
}

/** What is published, as far as it is what a cluster with this prefix says: where, in which form, and what. */
function overheard(command, prefix) {
  const [name, where, ...rest] = command;
  const channel = where?.toString();
  if (!channel?.startsWith(prefix)) return;
  switch (name.toString().toLowerCase()) {
    case "publish":
    case "spublish":
      return { channel, ...form(rest[0]) };
    case "xadd": {
      // What stands before the fields is how long the stream may get.
      const fields = rest.slice(rest.findIndex((word) => word.toString() === "*") + 1).map(String);
      const entry = Object.fromEntries(fields.flatMap((_, i) => (i % 2 ? [] : [[fields[i], fields[i + 1]]])));
      const { data } = entry;
      if (data) entry.data = data.startsWith("{") ? JSON.parse(data) : msgpack.decode(Buffer.from(data, "base64"));
      return { channel, form: data && !data.startsWith("{") ? "base64" : "json", message: entry };
    }
  }
}

function form(payload) {
  return payload[0] === 0x7b
    ? { form: "json", message: JSON.parse(payload) }
    : { form: "msgpack", message: notepack.decode(payload) };
}

const taps = new Map();

async function listen({ url, prefix, nsps }) {
  const heard = [];
  if (url.startsWith("redis")) {
    const client = await redis(url);
    await client.monitor((line) => heard.push(overheard([...words(line)], prefix)));
    return { heard, reached: (other) => other.ping(), close: () => client.destroy() };
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  client.on("notification", ({ channel, payload }) => {
    const { attachmentId, ...notice } = JSON.parse(payload);
    const rest = attachmentId === undefined ? {} : { notice: typeof attachmentId };
    heard.push({ channel, form: "json", message: notice, ...rest });
  });
  for (const nsp of nsps) await client.query(`LISTEN "${prefix}#${nsp}"`);
  return { heard, reached: () => client.query("SELECT 1"), close: () => client.end() };
}

const commands = {
  redis: async ({ url, args }) => (await connection(url)).sendCommand(args.map(String)),
  sql: async ({ url, text, values }) => (await connection(url).query(text, values)).rows,
  publish: async ({ url, channel, payload, sharded }) => {
    const client = await connection(url);
    if (!url.startsWith("redis")) return void (await client.query("SELECT pg_notify($1, $2)", [channel, payload]));
    return sharded ? client.sPublish(channel, payload) : client.publish(channel, payload);
  },
  append: async ({ url, stream, fields }) => (await connection(url)).xAdd(stream, "*", fields),
  tap: async ({ tap, ...options }) => void taps.set(tap, await listen(options)),
  /** What was heard until now. */
  overheard: async ({ tap, url }) => {
    // What was published before this is heard before it is.
    const { heard, reached } = taps.get(tap);
    await reached(await connection(url));
    return heard.splice(0).filter(Boolean);
  },
  untap: async ({ tap }) => {
    const { close } = taps.get(tap);
    taps.delete(tap);
    await close();
  },
  async emitter({ method, args, to, except, volatile, compress, ...options }) {
    let chosen = await emitter(options);
    if (to) chosen = chosen.to(to);
    if (except) chosen = chosen.except(except);
    if (volatile) chosen = chosen.volatile;
    if (compress !== undefined) chosen = chosen.compress(compress);
    await chosen[method](...args);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ticket, do: what, ...command } = JSON.parse(line, read);
  Promise.resolve()
    .then(() => commands[what](command))
    .then(
      (value) => tell({ done: ticket, value: show(value) ?? null }),
      (error) => tell({ done: ticket, error: `${what}: ${error?.message ?? error}` }),
    );
}
process.exit(0);
