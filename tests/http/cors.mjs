// A page at PAGE in the browser CHROMIUM talks to servers of another origin: to API, which has CORS headers for it, and to
// API_WITHOUT_CORS, which has none.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { chromium } from "../interop/node_modules/playwright-core/index.mjs";

const { PAGE, API, API_WITHOUT_CORS, CHROMIUM } = process.env;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP *.pintle.test 127.0.0.1",
  ],
});
after(() => browser.close());

const context = await browser.newContext();
// A cookie of the server's, as its login would have set it.
await context.addCookies([{ name: "theme", value: "dark", domain: "api.pintle.test", path: "/" }]);
const page = await context.newPage();
await page.goto(PAGE);

/** What the server says is this visitor's theme, or why it cannot be asked. */
function theme(server, options) {
  return page.evaluate(
    ([server, options]) =>
      new Promise((resolve) => {
        const socket = io(server, { forceNew: true, reconnection: false, ...options });
        socket.on("connect", async () => {
          resolve(await socket.emitWithAck("theme"));
          socket.disconnect();
        });
        socket.on("connect_error", (error) => resolve(error.message));
      }),
    [server, options],
  );
}

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`the page connects with its cookies over ${transports}`, async () => {
    assert.equal(await theme(API, { transports, withCredentials: true }), "dark");
  });
}

test("a header of the page's own is asked for first, and allowed", async () => {
  const extraHeaders = { authorization: "Bearer open sesame" };
  assert.equal(await theme(API, { transports: ["polling"], withCredentials: true, extraHeaders }), "dark");
});

test("a header that is not allowed is not sent", async () => {
  const extraHeaders = { "x-other": "header" };
  assert.equal(await theme(API, { transports: ["polling"], withCredentials: true, extraHeaders }), "xhr poll error");
});

test("without the headers the page cannot read what polling is answered", async () => {
  assert.equal(await theme(API_WITHOUT_CORS, { transports: ["polling"], withCredentials: true }), "xhr poll error");
});

test("a WebSocket needs no headers", async () => {
  assert.equal(await theme(API_WITHOUT_CORS, { transports: ["websocket"] }), "dark");
});
