// A line to the server that can be cut, and mended again.

import { once } from "node:events";
import net from "node:net";

export class Line {
  #server;
  #ends = new Set();
  #cut = false;

  /** A line to a port of this machine. */
  static async to(port) {
    const line = new Line();
    line.#server = net.createServer((near) => line.#carry(near, port)).listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Resets all connections, with what was under way on them, and lets no new one through. */
  cut() {
    this.#cut = true;
    for (const end of this.#ends) end.resetAndDestroy();
  }

  mend() {
    this.#cut = false;
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #carry(near, port) {
    if (this.#cut) return near.destroy();
    const far = net.connect(port, "127.0.0.1");
    for (const [end, other] of [
      [near, far],
      [far, near],
    ]) {
      this.#ends.add(end);
      end.setNoDelay(true);
      end.on("error", () => other.destroy());
      end.on("close", () => this.#ends.delete(end));
      end.pipe(other);
    }
  }
}
