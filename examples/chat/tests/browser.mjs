// Two people, and a third on a phone, use the chat in Chromium. Nothing here sleeps: each step waits for what must happen.
//
// CHAT is the server's program, MODULES the node_modules with playwright-core and socket.io-client, CHROMIUM the browser,
// SCREENSHOTS the folder for pictures of the page.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

const { CHAT, MODULES, CHROMIUM, SCREENSHOTS } = process.env;
const require = createRequire(path.join(path.resolve(MODULES), "browser.js"));
const { chromium } = require("playwright-core");

const PATIENCE = 15_000;
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

// --- The server and the browser ---------------------------------------------------------------------------------------

let server;
let base;

async function start(port) {
  const client = path.join(MODULES, "socket.io-client", "dist");
  server = spawn(CHAT, ["--port", String(port), "--client-dir", client], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    const found = /^listening on (http:\/\/\S+)$/.exec(line);
    if (found) return (base = found[1]);
  }
  throw new Error("the server ended before it listened");
}

async function stop() {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGKILL");
  await once(server, "exit");
}

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

/** What went wrong in the pages, apart from what a step brings about by itself. */
const complaints = [];
let expected = null;
/** The sizes of the binary frames that came in, to any page. */
const attachments = [];

async function open({ without, ...options }) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE);
  if (without) await context.addInitScript((name) => delete window[name], without);
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`${error.stack}`));
  page.on("console", (message) => {
    const text = `${message.text()} ${message.location().url}`;
    if (message.type() === "error" && !expected?.test(text)) complaints.push(text);
  });
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (!["blob:", "data:"].includes(protocol) && host !== new URL(base).host)
      complaints.push(`a request to ${request.url()}`);
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => typeof payload !== "string" && attachments.push(payload.length)),
  );
  await page.goto(base);
  return page;
}

async function enter(page, name) {
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Your name").press("Enter");
}

async function person(name, options = DESKTOP) {
  const page = await open(options);
  await enter(page, name);
  await page.getByRole("log").waitFor();
  await online(page);
  return page;
}

// --- What one does and sees -------------------------------------------------------------------------------------------

const online = (page) => page.locator('#badge[data-phase="online"]').waitFor();
const says = (page, text) => page.locator(".message", { hasText: text }).waitFor();
const delivered = (page, text) => page.locator(".message.own", { hasText: text }).locator(".state.delivered").waitFor();
const screenshot = (page, name) =>
  page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), animations: "disabled" });

async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByLabel("Message", { exact: true }).press("Enter");
}

/** Pastes a picture that is larger than what may be sent. */
async function paste(page) {
  await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2400, height: 1500 });
    const context = canvas.getContext("2d");
    const sky = context.createLinearGradient(0, 0, 0, 1500);
    [
      [0, "#f6b26b"],
      [0.5, "#e06666"],
      [0.51, "#134f5c"],
      [1, "#0c343d"],
    ].forEach((stop) => sky.addColorStop(...stop));
    context.fillStyle = sky;
    context.fillRect(0, 0, 2400, 1500);
    context.fillStyle = "#ffe599";
    context.arc(1200, 755, 190, Math.PI, 0);
    context.fill();
    // Noise: what does not compress.
    for (let y = 770; y < 1500; y += 5) {
      for (let x = 0; x < 2400; x += 5) {
        context.fillStyle = `rgb(255 229 153 / ${Math.random() * 18}%)`;
        context.fillRect(x, y, 5, 5);
      }
    }
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob], "sea.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  await page.locator("#tray").waitFor();
}

/** The picture shown last, as the browser decoded it. */
const pictureOf = (page) =>
  page
    .locator(".picture img")
    .last()
    .evaluate(async (image) => {
      await image.decode();
      return { scheme: new URL(image.src).protocol, longest: Math.max(image.naturalWidth, image.naturalHeight) };
    });

const post = (path, body) =>
  fetch(base + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** The page must not be wider than the screen. */
const fits = async (page) =>
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "wider than the screen");

// --- The steps --------------------------------------------------------------------------------------------------------

const steps = [];
const step = (name, run) => steps.push({ name, run });
let ada;
let bo;
let eve;

step("two people come in", async () => {
  const welcome = await open(DESKTOP);
  await screenshot(welcome, "welcome-light");
  await welcome.close();
  ada = await person("Ada Lovelace");
  bo = await person("Bo", { ...DESKTOP, colorScheme: "dark" });
  await ada.locator("#people .person", { hasText: "Bo" }).waitFor();
  await bo.locator("#people .person", { hasText: "Ada Lovelace" }).waitFor();
});

step("the connection becomes a WebSocket, and says so", async () => {
  for (const page of [ada, bo]) await page.locator("#badge", { hasText: "WebSocket" }).waitFor();
});

step("a name that is taken is refused", async () => {
  // The client hangs up while a request of its own is under way, to which the session is then unknown.
  expected = /status of 400 .*\/socket\.io\//;
  const other = await open(DESKTOP);
  await enter(other, "bo");
  await other.getByText("This name is taken.").waitFor();
  await other.close();
  expected = null;
});

step("messages arrive, and are marked as delivered", async () => {
  await say(ada, "Morning! The rudder is back from the yard.");
  await delivered(ada, "back from the yard");
  await says(bo, "back from the yard");
  await say(bo, "Splendid. Did they charge for the second visit?");
  await delivered(bo, "Splendid");
  await says(ada, "Splendid");
  await say(ada, "They did not. The tides: https://example.org/tides?port=harlingen");
  await delivered(ada, "The tides");
  assert.equal(await bo.locator(".message a").getAttribute("href"), "https://example.org/tides?port=harlingen");
});

step("typing is shown while it lasts", async () => {
  await ada.getByLabel("Message", { exact: true }).pressSequentially("Noon");
  await bo.locator("#typing", { hasText: "Ada Lovelace is typing" }).waitFor();
  await screenshot(bo, "chat-dark");
  await ada.getByLabel("Message", { exact: true }).fill("");
  await bo.waitForFunction(() => document.getElementById("typing").textContent === "");
});

step("a picture is made small, sent as bytes and enlarged", async () => {
  await paste(bo);
  await screenshot(bo, "picture-to-send-dark");
  await say(bo, "Last night, from the pier");
  await delivered(bo, "from the pier");
  await ada.locator(".picture img").waitFor();
  const { scheme, longest } = await pictureOf(ada);
  assert.equal(scheme, "blob:");
  assert.ok(longest > 300 && longest <= 1600, `${longest} pixels`);
  assert.equal(attachments.length, 1, "one binary frame has come, the picture");
  assert.ok(attachments[0] > 10_000 && attachments[0] <= 500_000, `${attachments[0]} bytes`);
  await ada.locator(".picture").click();
  await ada.locator("#lightbox[open]").waitFor();
  await screenshot(ada, "picture-enlarged");
  await ada.keyboard.press("Escape");
  await ada.locator("#lightbox[open]").waitFor({ state: "hidden" });
});

step("an announcement by REST reaches everyone", async () => {
  const response = await post("/api/announce", { text: "The harbour office closes at five today." });
  assert.equal(response.status, 202);
  for (const page of [ada, bo]) await page.locator(".announcement", { hasText: "closes at five" }).waitFor();
  const refused = await post("/api/announce", { text: "  " });
  assert.equal(refused.status, 422);
  assert.equal((await refused.json()).message, "there is nothing in it");
  await screenshot(ada, "chat-light");
});

step("rooms are made, joined and left", async () => {
  await ada.getByLabel("Name of the room to join or create").fill("On Deck");
  await ada.getByLabel("Name of the room to join or create").press("Enter");
  await ada.locator("#room-title", { hasText: "on-deck" }).waitFor();
  await ada.getByText("Nothing said in on-deck yet").waitFor();
  await screenshot(ada, "empty-room-light");
  await bo.locator("#others button", { hasText: "on-deck" }).click();
  await bo.locator("#room-title", { hasText: "on-deck" }).waitFor();
  await bo.locator("#rooms button", { hasText: "lobby" }).click();
  await say(ada, "Anyone up here?");
  await delivered(ada, "Anyone up here?");
  await bo.locator("#rooms button", { hasText: "on-deck" }).locator(".unread", { hasText: "1" }).waitFor();
  const markup = '<b>bold</b> <img src=x onerror="document.title=1">';
  await say(ada, markup);
  await delivered(ada, markup);
  assert.equal(await ada.locator(".message b, .message img").count(), 0, "what people write is text, never markup");
  await ada.getByLabel("Leave this room").click();
  await ada.locator("#room-title", { hasText: "lobby" }).waitFor();
  await ada.locator("#others button", { hasText: "on-deck" }).waitFor();
  const { rooms } = await (await fetch(`${base}/api/rooms`)).json();
  assert.deepEqual(
    rooms.find(({ name }) => name === "on-deck"),
    { name: "on-deck", people: 1 },
  );
});

step("a wrong name for a room is refused with a reason", async () => {
  await ada.getByLabel("Name of the room to join or create").fill("what?!");
  await ada.getByLabel("Name of the room to join or create").press("Enter");
  await ada.locator("#toast", { hasText: "the name of a room is made of" }).waitFor();
});

step("a page that is loaded again goes on where it was, with what was said", async () => {
  await ada.reload();
  await says(ada, "back from the yard");
  await ada.locator(".picture img").waitFor();
  assert.equal((await pictureOf(ada)).scheme, "blob:");
  assert.equal(await ada.locator(".message.own", { hasText: "back from the yard" }).count(), 1);
});

step("where there is no WebSocket, polling does", async () => {
  const pia = await person("Pia", { ...DESKTOP, without: "WebSocket" });
  await pia.locator("#badge", { hasText: "Polling" }).waitFor();
  await pia.locator(".picture img").waitFor();
  assert.equal((await pictureOf(pia)).scheme, "blob:");
  await paste(pia);
  await say(pia, "By post");
  await delivered(pia, "By post");
  await bo.locator(".message", { hasText: "By post" }).locator(".picture img").waitFor();
  await pia.close();
  await bo.locator("#people .person", { hasText: "Pia" }).waitFor({ state: "detached" });
});

step("the page fits a phone", async () => {
  eve = await person("Eve", PHONE);
  await fits(eve);
  await say(
    eve,
    "From my phone, in the train. It is a rather long message, so that it goes over more than one line here.",
  );
  await delivered(eve, "From my phone");
  await eve.locator(".picture img").first().waitFor();
  await screenshot(eve, "phone-light");
  await eve.emulateMedia({ colorScheme: "dark" });
  await screenshot(eve, "phone-dark");
  await eve.getByLabel("Show the rooms").click();
  await eve.locator("#rooms-drawer.open").waitFor();
  await settled(eve, "#rooms-drawer");
  await screenshot(eve, "phone-rooms-dark");
  await eve.keyboard.press("Escape");
  await eve.getByLabel("Show the people in this room").click();
  await settled(eve, "#people-drawer");
  await eve.locator("#people .person", { hasText: "Bo" }).waitFor();
  await eve.emulateMedia({ colorScheme: "light" });
  await screenshot(eve, "phone-people-light");
  await eve.getByLabel("Close the list of people").click();
  await fits(eve);
});

/** Waits until nothing of an element moves any more. */
const settled = (page, selector) =>
  page.locator(selector).evaluate((node) => Promise.all(node.getAnimations().map((animation) => animation.finished)));

step("when the server goes away, the pages say so", async () => {
  expected = /ERR_CONNECTION|WebSocket connection/;
  await stop();
  for (const page of [ada, bo]) await page.locator("#notice", { hasText: /attempt [2-9]/ }).waitFor();
  await say(ada, "Are you still there?");
  await ada.locator(".message.own", { hasText: "still there" }).locator(".state.waiting").waitFor();
  await screenshot(ada, "reconnecting-light");
});

step("when it is back on its port, so are they, and what waited is sent", async () => {
  await start(new URL(base).port);
  for (const page of [ada, bo, eve]) await online(page);
  expected = null;
  await delivered(ada, "still there");
  await says(bo, "still there");
  await ada.locator("#people .person", { hasText: "Bo" }).waitFor();
  await say(bo, "Never left.");
  await delivered(bo, "Never left.");
  await says(ada, "Never left.");
  await says(eve, "Never left.");
  assert.equal(await bo.locator(".message", { hasText: "still there" }).count(), 1);
  await screenshot(ada, "back-light");
});

step("nothing was complained about, and nothing asked of others", async () => {
  assert.deepEqual(complaints, []);
});

const watchdog = setTimeout(() => finish(new Error("no end after three minutes")), 180_000);

async function finish(error) {
  clearTimeout(watchdog);
  await Promise.allSettled([stop(), browser.close()]);
  if (error) console.error(error, complaints);
  process.exit(error ? 1 : 0);
}

try {
  await start(0);
  for (const { name, run } of steps) {
    console.log(name);
    await run();
  }
  await finish();
} catch (error) {
  await Promise.allSettled([ada, bo, eve].map((page, index) => page && screenshot(page, `failed-${index}`)));
  await finish(error);
}
