// The connection: one Socket.IO client, what state it is in, and requests with an answer.

/** The server understood the request and said no; `data` says more, if there is more. */
export class Refused extends Error {
  constructor({ message, data }) {
    super(message);
    this.data = data;
  }
}

/** No answer: the connection was lost before one came. The request may be made again. */
export class Lost extends Error {}

// Generous: a picture on a slow line needs a while to get there.
const ANSWER_WITHIN = 20_000;

/**
 * Opens the connection as `identity` ({nickname, key}), which is sent again at every reconnection.
 *
 * `on` holds what to call: `state(state)`, `refused(error)`, `online()` and `event(name, ...args)`. A state is
 * `{phase: "connecting" | "online" | "retrying" | "closed", transport, attempt}`.
 */
export async function open(identity, on) {
  // Imported late, so that a server without the client can still say so.
  const { io } = await import("/client/socket.io.esm.min.js");
  const socket = io({ auth: identity, reconnectionDelay: 400, reconnectionDelayMax: 4000 });
  const manager = socket.io;
  on.state({ phase: "connecting", attempt: 0 });

  socket.on("connect", () => {
    // The first requests went over polling, most likely; the upgrade to WebSocket comes a moment later.
    const engine = manager.engine;
    const tell = () => on.state({ phase: "online", transport: engine.transport.name });
    engine.once("upgrade", tell);
    tell();
    on.online();
  });
  socket.on("disconnect", () => {
    // Not active: the server asked us to go, and the client does not come back by itself.
    on.state({ phase: socket.active ? "retrying" : "closed", attempt: 0 });
  });
  socket.on("connect_error", (error) => {
    // Active: the server could not be reached, and the client goes on trying. Otherwise it was reached, and refused us.
    if (!socket.active) on.refused(new Refused(error));
  });
  manager.on("reconnect_attempt", (attempt) => on.state({ phase: "retrying", attempt }));
  socket.onAny((name, ...args) => on.event(name, ...args));

  return {
    /** Emits a request and returns its answer; throws `Refused` or `Lost`. */
    async ask(event, ...args) {
      if (!socket.connected) throw new Lost("not connected");
      let answer;
      try {
        answer = await socket.timeout(ANSWER_WITHIN).emitWithAck(event, ...args);
      } catch (error) {
        throw new Lost(error.message);
      }
      if (typeof answer?.message === "string") throw new Refused(answer);
      return answer;
    },
    /** Emits something that does not matter a moment later. */
    mention(event, ...args) {
      if (socket.connected) socket.volatile.emit(event, ...args);
    },
    /** Tries at once instead of waiting for the next attempt. */
    retry() {
      if (socket.connected) return;
      on.state({ phase: "retrying", attempt: 0 });
      socket.disconnect().connect();
    },
    close() {
      socket.removeAllListeners();
      manager.removeAllListeners("reconnect_attempt");
      socket.disconnect();
    },
  };
}
