// Node's own server with the events of the conformance host and of app.rs, to judge the tests themselves.
// `PINTLE_REFERENCE=1 cargo test -p pintle-tests` runs them against it; `PORT=3000 npm run reference` starts it by hand.
//
// PING_INTERVAL, PING_TIMEOUT, UPGRADE_TIMEOUT, CONNECT_TIMEOUT (ms), PORT (0, the default: a free one), OPTIONS (more of
// Socket.IO's, as JSON).

import { createServer } from "node:http";
import { Server as EngineServer } from "engine.io";
import { Server } from "socket.io";

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const times = {
  pingInterval: number("PING_INTERVAL", 300),
  pingTimeout: number("PING_TIMEOUT", 200),
  upgradeTimeout: number("UPGRADE_TIMEOUT", 10_000),
  maxHttpBufferSize: 1_000_000,
};

const http = createServer(route);
const engine = new EngineServer(times);
engine.attach(http, { path: "/engine.io" });
engine.on("connection", (socket) => socket.on("data", (data) => socket.send(data)));

const welcoming = new EngineServer(times);
welcoming.attach(http, { path: "/welcome.io" });
welcoming.on("connection", (socket) => {
  socket.send("welcome");
  socket.on("data", (data) => socket.send(data));
});

const io = new Server(http, {
  ...times,
  connectTimeout: number("CONNECT_TIMEOUT", 1000),
  cors: { origin: "*" },
  serveClient: false,
  ...JSON.parse(process.env.OPTIONS ?? "{}"),
});

// The reason each socket left for, or those who wait for it.
const departures = new Map();

function departed(id, reason) {
  const waiting = departures.get(id);
  departures.set(id, reason);
  if (Array.isArray(waiting)) waiting.forEach((tell) => tell(reason));
}

function departure(id) {
  const known = departures.get(id) ?? [];
  if (!Array.isArray(known)) return Promise.resolve(known);
  departures.set(id, known);
  return new Promise((tell) => known.push(tell));
}

async function route(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/health") return response.end("ok");
  if (pathname.startsWith("/departures/")) return response.end(await departure(pathname.slice("/departures/".length)));
  if (pathname === "/announce" && request.method === "POST") {
    const chunks = await request.toArray();
    const { room, news } = JSON.parse(Buffer.concat(chunks));
    io.to(room).emit("news", news);
    return response.writeHead(202).end();
  }
  response.writeHead(404).end("no such page");
}

io.on("connection", (socket) => {
  socket.emit("auth", socket.handshake.auth);
  socket.on("disconnect", (reason) => departed(socket.id, reason));

  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("message-with-ack", (...args) => args.pop()(...args));
  socket.on("fail", (_, ack) => ack({ message: "it failed", data: { code: 7 } }));
  socket.on("silence", () => {});
  socket.on("ask-me", async (question, ack) => ack(await socket.emitWithAck("question", question)));
  socket.on("ask-me-in-vain", (ack) => {
    socket.timeout(50).emit("question-in-vain", (error) => ack(error ? "no answer" : "an answer"));
  });

  socket.on("join", (room, ack) => (socket.join(room), ack([...socket.rooms].sort())));
  socket.on("leave", (room, ack) => (socket.leave(room), ack([...socket.rooms].sort())));
  socket.on("to-room", (room, text, ack) => (socket.to(room).emit("told", text), ack()));
  socket.on("to-rooms", (rooms, text, ack) => (io.to(rooms).emit("told", text), ack()));
  socket.on("except-room", (room, text, ack) => (io.except(room).emit("told", text), ack()));
  socket.on("to-others", (text, ack) => (socket.broadcast.emit("told", text), ack()));
  socket.on("to-all", (...args) => {
    const ack = args.pop();
    io.emit("told", ...args);
    ack();
  });
  socket.on("poll-all", async (question, ack) => ack((await io.timeout(5000).emitWithAck("question", question)).sort()));

  socket.on("leave-namespace", () => socket.disconnect());
  socket.on("leave-connection", () => {
    socket.emit("told", "farewell");
    socket.disconnect(true);
  });

  let next = 0;
  let faults = 0;
  socket.on("number", (value) => {
    if (value !== next) faults += 1;
    next = value + 1;
  });
  socket.on("count", (ack) => ack({ next, faults }));
  socket.on("more", (from, amount) => {
    for (let value = from; value < from + amount; value += 1) socket.emit("number", value);
  });
});

io.of("/custom").on("connection", (socket) => {
  socket.emit("auth", socket.handshake.auth);
  socket.on("disconnect", (reason) => departed(socket.id, reason));
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("to-all", (text, ack) => (io.of("/custom").emit("told", text), ack()));
  socket.on("leave-namespace", () => socket.disconnect());
});

io.of("/secret")
  .use((socket, next) => {
    if (socket.handshake.auth.token === "open sesame") return next();
    next(Object.assign(new Error("not allowed"), { data: { wanted: "token" } }));
  })
  .on("connection", (socket) => socket.emit("welcome"));

http.listen(number("PORT", 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
