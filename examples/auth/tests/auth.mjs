import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, idle, once, transports, url } from "../../../tests/interop/client.mjs";

const PASSWORDS = { ada: "analytical engine", ben: "lightning rod" };

async function login(name, { password = PASSWORDS[name], seconds } = {}) {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ name, password, seconds });
  const response = await fetch(`${url}/login`, { method: "POST", headers, body });
  return response.ok ? (await response.json()).token : response.status;
}

/** The options of a client whose connection is that of a token's user. */
const as = (token) => ({ extraHeaders: { authorization: `Bearer ${token}` } });

/** Why a client was not let in. */
async function refusal(namespace, options) {
  const socket = idle(namespace, { ...options, reconnection: false });
  socket.once("connect", () => assert.fail("it was let in"));
  socket.connect();
  return once(socket, "connect_error");
}

/** Why a socket was disconnected, once it is. */
const reason = (socket) => new Promise((resolve) => socket.once("disconnect", (reason) => resolve(reason)));

/** The token with other claims, and a signature that does not fit them. */
function forged(token, change, header) {
  const [, claims, signature] = token.split(".");
  const changed = { ...JSON.parse(Buffer.from(claims, "base64url")), ...change };
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return [encode(header ?? { typ: "JWT", alg: "HS256" }), encode(changed), signature].join(".");
}

test("a password gives a token, a wrong one does not", async () => {
  assert.equal(typeof (await login("ada")), "string");
  assert.equal(await login("ada", { password: PASSWORDS.ben }), 401);
  assert.equal(await login("eve", { password: "" }), 401);
});

test("who has a token gets in, and handlers know who it is", async () => {
  const token = await login("ben");
  const socket = await connect("/", as(token));
  assert.equal(await socket.emitWithAck("who am i"), "ben");
  const me = await fetch(`${url}/me`, { headers: as(token).extraHeaders });
  assert.equal(await me.text(), "ben");
});

test("who has none does not get as far as a session", async () => {
  const token = await login("ben");
  const wrong = [
    {},
    as(""),
    as("nonsense"),
    as(forged(token, { sub: "ada", role: "admin" })),
    as(forged(token, { sub: "ada" }, { typ: "JWT", alg: "none" })),
    as(forged(token, {}, { typ: "JWT", alg: "none" }).replace(/[^.]*$/, "")),
    // The signature is that of ben's token, but of another header.
    as(forged(token, {}, { typ: "JWT", alg: "HS512" })),
  ];
  for (const options of wrong) {
    const error = await refusal("/", options);
    assert.match(error.message, /^(xhr poll|websocket) error$/);
    const headers = options.extraHeaders;
    const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers });
    assert.deepEqual([response.status, response.headers.get("www-authenticate")], [401, "Bearer"]);
    assert.equal((await fetch(`${url}/me`, { headers })).status, 401);
  }
});

test("an admin speaks from /admin to everybody", async () => {
  const [ada, ben] = await Promise.all([login("ada"), login("ben")]);
  const member = await connect("/", as(ben));
  const admin = await connect("/admin", { ...as(ada), auth: { token: ada } });
  const heard = once(member, "announcement");
  await admin.emitWithAck("announce", "lunch is ready");
  assert.deepEqual(await heard, ["ada", "lunch is ready"]);
});

test("nobody else gets into /admin, and each is told why", async () => {
  const [ada, ben] = await Promise.all([login("ada"), login("ben")]);
  const cases = [
    [as(ben), { token: ben }, { code: "wrong_role", needs: "admin" }],
    [as(ben), { token: ada }, { code: "other_user" }],
    [as(ada), { token: forged(ada, { exp: 4_000_000_000 }) }, { code: "invalid_token" }],
    [as(ada), {}, { code: "invalid_token" }],
    [as(ada), undefined, { code: "invalid_token" }],
  ];
  for (const [options, auth, data] of cases) {
    const error = await refusal("/admin", { ...options, auth });
    assert.deepEqual([error.message, error.data], ["not authorized", data]);
  }
});

test("who is not let into /admin keeps the rest of the connection", async () => {
  const token = await login("ben");
  const socket = await connect("/", as(token));
  const admin = socket.io.socket("/admin", { auth: { token } });
  const error = once(admin, "connect_error");
  admin.connect();
  assert.equal((await error).message, "not authorized");
  assert.equal(await socket.emitWithAck("who am i"), "ben");
});

// It takes the seconds that it takes, so once is enough.
test("who stays longer than the token is sent away", { skip: transports[0] !== "websocket" }, async () => {
  const [long, short] = await Promise.all([login("ada"), login("ada", { seconds: 3 })]);
  // In `/admin` it is the token that it was shown which counts, not that of the handshake.
  const admin = await connect("/admin", { ...as(long), auth: { token: short } });
  const socket = await connect("/", as(await login("ben", { seconds: 3 })));
  assert.equal(await socket.emitWithAck("who am i"), "ben");
  const ends = await Promise.all([reason(socket), reason(admin)]);
  assert.deepEqual(ends, ["io server disconnect", "io server disconnect"]);
  socket.io.reconnection(false);
  const error = once(socket, "connect_error");
  socket.connect();
  assert.equal((await error).message, "websocket error");
});
