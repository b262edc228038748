// What a host answers, on Node and on Bun alike.

/** Registers the handlers. */
export function handle(io) {
  io.on("connection", (socket) => {
    socket.on("message", (...args) => socket.emit("message-back", ...args));
    socket.on("message-with-ack", (...args) => {
      const ack = args.pop();
      ack(...args);
    });
    socket.on("broadcast", (...args) => io.emit("broadcast", ...args));
    socket.on("join", (rooms, ack) => {
      socket.join(rooms);
      ack();
    });
    socket.on("leave", (rooms, ack) => {
      rooms.forEach((room) => socket.leave(room));
      ack();
    });
    socket.on("room", (room, data) => io.to(room).emit("room", data));
  });
}

/** The port that the command line says: `--port PORT`, where 0 is a free one. */
export function port() {
  const [flag, port] = process.argv.slice(2);
  if (flag !== "--port" || !/^\d+$/.test(port)) {
    console.error("usage: --port PORT");
    process.exit(2);
  }
  return Number(port);
}

/** Tells the benchmark where the host is. */
export function listening(port) {
  console.log(`listening on http://127.0.0.1:${port}`);
}
