// A node of a cluster: `node cluster.mjs --port 0 --adapter classic --broker redis://127.0.0.1:6379`. Each adapter as its
// documentation has it.

import { createServer } from "node:http";
import { createAdapter as classic, createShardedAdapter as sharded } from "@socket.io/redis-adapter";
import { createAdapter as streams } from "@socket.io/redis-streams-adapter";
import { createAdapter as postgres } from "@socket.io/postgres-adapter";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";
import { handle, listening, port } from "./handlers.mjs";

const [adapter, broker] = ["--adapter", "--broker"].map((name) => process.argv[process.argv.indexOf(name) + 1]);

const adapters = {
  classic: async () => classic(await client(), await client()),
  sharded: async () => sharded(await client(), await client()),
  streams: async () => streams(await client()),
  postgres: async () => postgres(await table()),
};

async function client() {
  const client = createClient({ url: broker });
  await client.connect();
  return client;
}

/** All nodes start at once, and only one of them makes the table. */
async function table() {
  const pool = new pg.Pool({ connectionString: broker });
  await pool
    .query(
      `CREATE TABLE IF NOT EXISTS socket_io_attachments (
        id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`,
    )
    .catch((error) => {
      if (error.code !== "23505") throw error;
    });
  return pool;
}

const server = createServer();
handle(new Server(server, { adapter: await adapters[adapter]() }));
// As the other hosts have it: a benchmark opens thousands of connections at once.
server.listen({ port: port(), host: "127.0.0.1", backlog: 4096 }, () => listening(server.address().port));
