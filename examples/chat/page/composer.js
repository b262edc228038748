// Where one writes: text that grows with its lines, a picture chosen, pasted or dropped, and the notice that one types.

import { byId } from "./dom.js";
import { pictureIn, shrink } from "./picture.js";

const form = byId("composer");
const text = byId("text");
const file = byId("file");
const tray = byId("tray");
const drop = byId("drop");
const conversation = form.parentElement;

// Said again this often while it is true; taken back after a pause.
const AGAIN = 2_000;
const PAUSE = 3_000;
const coarse = matchMedia("(pointer: coarse)");

let picture = null;
let preview = null;
let said = 0;
let pause;
/** Set by chat.js: `send({text, picture})`, `typing(yes)`, `complain(text)`, and `may()`: is there a room to write in? */
export const on = { send() {}, typing() {}, complain() {}, may: () => false };

/** Grows the field with its text and says whether there is anything to send. */
function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  byId("send").disabled = !on.may() || (!text.value.trim() && !picture);
}

/** What is written and not yet sent. */
export const draft = () => text.value;

/** To be called when another room is shown, with what was being written there. */
export function refresh(written = "") {
  text.value = written;
  text.disabled = file.disabled = !on.may();
  said = 0;
  fit();
}

/** Puts the cursor where one writes, except where that would bring a keyboard up over half of the screen. */
export function focus() {
  if (!coarse.matches) text.focus();
}

function submit() {
  const message = { text: text.value.trim(), picture };
  if (!on.may() || (!message.text && !picture)) return;
  text.value = "";
  setPicture(null);
  stopTyping();
  on.send(message);
  text.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
text.addEventListener("keydown", (event) => {
  // While an input method composes a word, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
text.addEventListener("input", () => {
  fit();
  if (!text.value.trim()) return stopTyping();
  clearTimeout(pause);
  pause = setTimeout(stopTyping, PAUSE);
  if (Date.now() - said < AGAIN) return;
  said = Date.now();
  on.typing(true);
});
text.addEventListener("blur", stopTyping);

function stopTyping() {
  clearTimeout(pause);
  if (said) on.typing(false);
  said = 0;
}

function setPicture(next) {
  picture = next;
  if (preview) URL.revokeObjectURL(preview);
  preview = picture ? URL.createObjectURL(picture.blob) : null;
  tray.hidden = !picture;
  byId("tray-image").src = preview ?? "";
  if (picture)
    byId("tray-text").textContent = `${picture.width} × ${picture.height}, ${Math.ceil(picture.blob.size / 1000)} kB`;
  else byId("tray-image").removeAttribute("src");
  fit();
}

async function take(chosen) {
  if (!chosen || !on.may()) return;
  try {
    setPicture(await shrink(chosen));
    text.focus();
  } catch (error) {
    on.complain(error.message);
  }
}

file.addEventListener("change", () => {
  take(file.files[0]);
  // So that the same file can be chosen again.
  file.value = "";
});
byId("tray-remove").addEventListener("click", () => {
  setPicture(null);
  text.focus();
});
document.addEventListener("paste", (event) => {
  const pasted = pictureIn(event.clipboardData);
  if (!pasted) return;
  event.preventDefault();
  take(pasted);
});

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
conversation.addEventListener("dragenter", (event) => {
  if (carriesFiles(event) && on.may()) drop.hidden = false;
});
drop.addEventListener("dragleave", () => (drop.hidden = true));
// Anywhere: a picture dropped beside the conversation must not replace the page.
document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  drop.hidden = true;
  const dropped = pictureIn(event.dataTransfer);
  if (dropped) take(dropped);
  else on.complain("Only pictures can be sent.");
});
