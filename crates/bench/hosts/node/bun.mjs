// Socket.IO on Bun's own HTTP server, as the documentation of its engine has it.

import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { handle, listening, port } from "./handlers.mjs";

const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
handle(io);
const server = Bun.serve({ port: port(), hostname: "127.0.0.1", ...engine.handler() });
listening(server.port);
