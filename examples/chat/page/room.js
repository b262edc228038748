// A room as this page knows it: its messages in order, its people, who types.
//
// An entry of the timeline is one of
//   message       {id, at, from, key, text, picture?, own, status?, problem?}
//   announcement  {kind: "announcement", id, at, text}
//   note          {kind: "note", at, text}
// Ids are the server's and grow, also across a restart of it. A message of ours has none until the server has answered;
// its `key`, which we chose, is what it is known by until then.

// A page left open for days must not grow for ever.
const KEPT = 300;
// Somebody who loses the connection for a moment has not left.
const ABSENCE = 6_000;
// "Types" is said every two seconds while it is true.
const TYPING = 4_500;

export class Room {
  messages = [];
  people = [];
  typing = new Map();
  unread = 0;
  draft = "";
  /** Names that left, but may be back in a moment. */
  #leaving = new Map();

  constructor(name) {
    this.name = name;
  }

  /** The newest id, to ask for what came after it. */
  get newest() {
    return this.messages.reduce((newest, { id }) => Math.max(newest, id ?? 0), 0);
  }

  /** Adds an entry where it belongs. Returns its index, or -1 when it is there already. */
  add(entry) {
    if (entry.id !== undefined && this.messages.some(({ id }) => id === entry.id)) return -1;
    if (entry.key && this.messages.some(({ key, from }) => key === entry.key && from === entry.from)) return -1;
    entry.order = entry.id ?? (entry.kind === "note" ? this.#lastOrder() : Infinity);
    return this.#insert(entry);
  }

  /** Gives a message of ours the id and time the server chose. Returns whether it moved. */
  confirm(message, { id, at }) {
    Object.assign(message, { id, at, order: id, status: "delivered", problem: undefined });
    const before = this.messages.indexOf(message);
    this.messages.splice(before, 1);
    return this.#insert(message) !== before;
  }

  /** Drops the oldest entries beyond what is kept, and returns them. */
  trim() {
    const excess = this.messages.length - KEPT;
    return excess > 0 ? this.messages.splice(0, excess) : [];
  }

  /** Messages of ours that the server does not have yet, in the order they were written. */
  waiting() {
    return this.messages.filter(({ status }) => status === "waiting");
  }

  /** Takes the people as of now; calls `came` and `went` with each name worth a note. */
  update(people, { came, went }) {
    const before = new Set(this.people);
    const now = new Set(people);
    this.people = people;
    for (const name of now) {
      if (before.has(name)) continue;
      const leaving = this.#leaving.get(name);
      clearTimeout(leaving);
      this.#leaving.delete(name);
      if (leaving === undefined) came(name);
    }
    for (const name of before) {
      if (!now.has(name)) this.leaves(name, went);
    }
  }

  /** Says that a name left, unless it is back soon. */
  leaves(name, went) {
    clearTimeout(this.#leaving.get(name));
    const said = () => {
      this.#leaving.delete(name);
      if (!this.people.includes(name)) went?.(name);
    };
    this.#leaving.set(name, setTimeout(said, ABSENCE));
  }

  /** Takes note that somebody types, or no longer does; `changed` is called when that runs out. */
  types(name, typing, changed) {
    clearTimeout(this.typing.get(name));
    if (!typing) return this.typing.delete(name);
    const over = () => {
      this.typing.delete(name);
      changed();
    };
    this.typing.set(name, setTimeout(over, TYPING));
  }

  #lastOrder() {
    const known = this.messages.findLast(({ order }) => order !== Infinity);
    return known?.order ?? 0;
  }

  #insert(entry) {
    let index = this.messages.length;
    while (index > 0 && this.messages[index - 1].order > entry.order) index -= 1;
    this.messages.splice(index, 0, entry);
    return index;
  }
}
