import { io } from "/client/socket.io.esm.min.js";

const find = (id) => document.getElementById(id);

/** What this tab keeps when it is loaded again. Another tab has its own. */
function kept(key, make) {
  const value = sessionStorage.getItem(key) ?? make();
  sessionStorage.setItem(key, value);
  return value;
}

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const NAMES = ["Ada", "Ben", "Carla", "Dora", "Emil", "Frida", "Gus", "Hana", "Ivo", "Juno", "Kurt", "Lena"];
const name = kept("name", () => `${NAMES[Math.floor(Math.random() * NAMES.length)]} ${Math.floor(Math.random() * 90) + 10}`);

// By `client` nginx knows which node this tab is on: see nginx.conf.
const socket = io({ auth: { name }, query: { client: kept("client", random) } });

socket.on("welcome", (person) => {
  find("me").textContent = `You are ${person.name}, on node ${person.node}`;
  find("me").dataset.node = person.node;
});
socket.on("disconnect", () => (find("me").textContent = "Connecting again"));
socket.on("changed", ask);
socket.on("said", ({ name, node }, text) => {
  const message = document.createElement("p");
  message.className = "message";
  message.dataset.node = node;
  const who = document.createElement("b");
  who.textContent = name;
  const where = document.createElement("small");
  where.textContent = ` from node ${node}`;
  message.append(who, where, document.createElement("br"), text);
  find("messages").append(message);
  message.scrollIntoView({ block: "end" });
});

let asking = false;
let again = false;

/** Who is where. One question at a time, however often that changes. */
async function ask() {
  if (asking) return (again = true);
  asking = true;
  try {
    show(await socket.timeout(10_000).emitWithAck("who"));
  } catch {
    // When there is a connection again, it will be asked again.
  }
  asking = false;
  if (again) {
    again = false;
    ask();
  }
}

function show(people) {
  people.sort((one, other) => one.name.localeCompare(other.name));
  for (const node of document.querySelectorAll(".node")) {
    const names = people.filter((person) => person.node === node.dataset.node).map((person) => person.name);
    node.querySelector("h2").textContent = `Node ${node.dataset.node}: ${names.length}`;
    node.querySelector("ul").replaceChildren(
      ...names.map((name) => {
        const item = document.createElement("li");
        item.textContent = name;
        return item;
      }),
    );
  }
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("text").value.trim();
  if (!text || !socket.connected) return;
  socket.emit("say", text);
  find("text").value = "";
});
