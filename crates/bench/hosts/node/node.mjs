// Node's Socket.IO, as its documentation has it.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { handle, listening, port } from "./handlers.mjs";

const server = createServer();
handle(new Server(server));
// As the other hosts have it: a benchmark opens thousands of connections at once.
server.listen({ port: port(), host: "127.0.0.1", backlog: 4096 }, () => listening(server.address().port));
