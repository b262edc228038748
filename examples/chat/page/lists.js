// The two lists beside the conversation, rooms and people, which are drawers where the screen is narrow.

import { avatar, byId, el, plural } from "./dom.js";

const narrow = matchMedia("(max-width: 759px)");
const wide = matchMedia("(min-width: 1040px)");
const scrim = byId("scrim");
const drawers = [
  { node: byId("rooms-drawer"), opener: byId("open-rooms"), fixed: () => !narrow.matches },
  { node: byId("people-drawer"), opener: byId("open-people"), fixed: () => wide.matches },
];

/** Draws the rooms: those we are in, and the others. `choose(name)` is called with the one clicked. */
export function drawRooms({ directory, rooms, current, choose }) {
  const count = new Map(directory.rooms.map(({ name, people }) => [name, people]));
  const others = directory.rooms.map(({ name }) => name).filter((name) => !rooms.has(name));
  const row = (name) => {
    const room = rooms.get(name);
    const people = plural(count.get(name) ?? 0, "person", "people");
    const unread = room?.unread ?? 0;
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: room ? "row" : "row other",
          title: room ? null : "Join this room",
          "aria-current": name === current?.name ? "page" : null,
          onclick: () => choose(name),
        },
        el("span", { class: "hash", "aria-hidden": "true", text: "#" }),
        el("span", { class: "name", text: name }),
        unread
          ? el("span", {
              class: "unread",
              text: unread > 99 ? "99+" : String(unread),
              "aria-label": `${unread} unread`,
            })
          : null,
        unread
          ? null
          : el("span", { class: "count", title: people, "aria-label": people, text: String(count.get(name) ?? 0) }),
      ),
    );
  };
  replaceRows(byId("rooms"), [...rooms.keys()].sort().map(row));
  replaceRows(byId("others"), others.sort().map(row));
  byId("others-part").hidden = others.length === 0;
}

/** Draws the people of a room, ourselves first. */
export function drawPeople(room, me) {
  const people = room ? [...room.people].sort((a, b) => (b === me) - (a === me) || a.localeCompare(b)) : [];
  byId("people-title").textContent = room ? `In this room: ${people.length}` : "In this room";
  replaceRows(
    byId("people"),
    people.map((name) =>
      el(
        "li",
        { class: "person" },
        avatar(name),
        el("span", { class: "name", text: name }),
        name === me ? el("span", { class: "tag", text: "you" }) : null,
        name !== me && room.typing.has(name) ? el("span", { class: "tag", text: "typing" }) : null,
      ),
    ),
  );
}

/** Replaces a list's rows and leaves the keyboard's focus on the row where it was. */
function replaceRows(list, rows) {
  const index = [...list.children].findIndex((row) => row.contains(document.activeElement));
  list.replaceChildren(...rows);
  if (index >= 0) list.children[Math.min(index, rows.length - 1)]?.querySelector("button")?.focus();
}

function open(drawer) {
  drawers.forEach(close);
  drawer.node.classList.add("open");
  drawer.opener.setAttribute("aria-expanded", "true");
  scrim.hidden = false;
  settle();
  drawer.node.querySelector("[data-close]").focus();
}

function close(drawer) {
  if (!drawer.node.classList.contains("open")) return;
  drawer.node.classList.remove("open");
  drawer.opener.setAttribute("aria-expanded", "false");
  scrim.hidden = true;
  settle();
  drawer.opener.focus();
}

export const closeDrawers = () => drawers.forEach(close);

/** What is out of sight must be out of reach of the keyboard too. */
function settle() {
  for (const drawer of drawers) drawer.node.inert = !drawer.fixed() && !drawer.node.classList.contains("open");
}

for (const drawer of drawers) {
  drawer.opener.addEventListener("click", () => open(drawer));
  drawer.node.querySelector("[data-close]").addEventListener("click", () => close(drawer));
}
scrim.addEventListener("click", closeDrawers);
document.addEventListener("keydown", (event) => event.key === "Escape" && closeDrawers());
for (const query of [narrow, wide]) {
  query.addEventListener("change", () => {
    closeDrawers();
    settle();
  });
}
settle();
