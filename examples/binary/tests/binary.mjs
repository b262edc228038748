import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { beforeEach, test } from "node:test";
import { connect, once } from "../../../tests/interop/client.mjs";

const PIECE = 64 * 1024;

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** Sends a file piece by piece, each when the one before has arrived, and gives the progress that was told. */
async function upload(socket, name, file) {
  const progress = [];
  do {
    const offset = progress.at(-1)?.received ?? 0;
    const piece = { name, size: file.length, offset, bytes: file.subarray(offset, offset + PIECE) };
    progress.push(await socket.emitWithAck("upload", piece));
  } while (progress.at(-1).received < file.length);
  return progress;
}

let socket;
beforeEach(async () => (socket = await connect()));

test("a file goes up in pieces, and comes down as it was", async () => {
  const file = randomBytes(5 * PIECE + 7);
  const progress = await upload(socket, "random", file);
  assert.deepEqual(
    progress.map(({ received }) => received),
    [PIECE, 2 * PIECE, 3 * PIECE, 4 * PIECE, 5 * PIECE, file.length],
  );
  assert.ok(progress.slice(0, -1).every(({ sha256 }) => sha256 === null));
  assert.deepEqual(progress.at(-1).sha256, sha256(file));

  const other = await connect();
  assert.deepEqual(await other.emitWithAck("download", "random"), { bytes: file, sha256: sha256(file) });
});

test("an empty file is a file", async () => {
  const empty = Buffer.alloc(0);
  assert.deepEqual(await upload(socket, "empty", empty), [{ received: 0, sha256: sha256(empty) }]);
  assert.deepEqual((await socket.emitWithAck("download", "empty")).bytes, empty);
});

test("everybody hears of a new file", async () => {
  const other = await connect();
  const news = once(other, "uploaded");
  await upload(socket, "news", Buffer.from("extra"));
  assert.deepEqual(await news, ["news", 5]);
});

test("a client that has lost the thread is told where to go on", async () => {
  const piece = (offset) => ({ name: "lost", size: 8, offset, bytes: Buffer.from("four") });
  assert.deepEqual(await socket.emitWithAck("upload", piece(4)), { message: "begin with the first piece" });
  await socket.emitWithAck("upload", piece(0));
  const again = await socket.emitWithAck("upload", piece(2));
  assert.deepEqual(again, { message: "this is not the next piece", data: 4 });
  assert.equal((await socket.emitWithAck("upload", piece(again.data))).received, 8);
  assert.deepEqual((await socket.emitWithAck("download", "lost")).bytes, Buffer.from("fourfour"));
});

test("what is too large is refused before it is kept", async () => {
  const answer = await socket.emitWithAck("upload", { name: "huge", size: 1e9, offset: 0, bytes: Buffer.from("x") });
  assert.deepEqual(answer, { message: "the file is too large", data: 16 * 1024 * 1024 });
  assert.deepEqual(await socket.emitWithAck("download", "huge"), { message: "there is no such file" });
});

test("attachments are found however deep they are", async () => {
  const other = await connect();
  const heard = once(other, "album");
  const [cover, first, second] = [randomBytes(100), randomBytes(20_000), Buffer.alloc(0)];
  const album = {
    title: "holidays",
    cover: { caption: "the sea", bytes: cover },
    pictures: [
      { caption: "a boat", bytes: first },
      { caption: "nothing", bytes: second },
    ],
  };
  assert.deepEqual(await socket.emitWithAck("album", album), [cover, first, second].map(sha256));
  assert.deepEqual(await heard, album);
});

test("a piece that reaches beyond every number is refused like any other", async () => {
  const piece = { name: "far", size: 8, offset: 2 ** 63, bytes: Buffer.from("far") };
  await socket.emitWithAck("upload", { ...piece, offset: 0 });
  assert.deepEqual(await socket.emitWithAck("upload", piece), { message: "this is not the next piece", data: 3 });
});

test("a number is not taken for bytes", async () => {
  const answer = await socket.emitWithAck("upload", { name: "number", size: 4, offset: 0, bytes: 4 });
  assert.deepEqual(answer, { message: "unexpected arguments" });
});
