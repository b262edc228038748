// Who this window is. The name is remembered by the browser, to be offered again; the session belongs to the tab, so that
// two windows can be two people.

const NAME = "pintle-chat.name";
const SESSION = "pintle-chat.session";

// A browser may refuse storage altogether (a private window, a strict setting): the chat works without.
function attempt(storage) {
  try {
    return storage();
  } catch {
    return null;
  }
}

/** The name used last in this browser. */
export const lastName = () => attempt(() => localStorage.getItem(NAME)) ?? "";

/** This tab's session, `{nickname, key, rooms, current}`, if it is in the chat. */
export function load() {
  const text = attempt(() => sessionStorage.getItem(SESSION));
  return text ? attempt(() => JSON.parse(text)) : null;
}

export function save(session) {
  attempt(() => localStorage.setItem(NAME, session.nickname));
  attempt(() => sessionStorage.setItem(SESSION, JSON.stringify(session)));
}

export function forget() {
  attempt(() => sessionStorage.removeItem(SESSION));
}

/** 20 random hexadecimal digits. (`crypto.randomUUID` exists over HTTPS and on localhost only.) */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
