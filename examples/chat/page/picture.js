// Pictures: made small before they are sent, shown from the bytes that came, enlarged on a click.

import { byId } from "./dom.js";

/** What the server takes at most. */
export const LARGEST = 500_000;
// As much as a screen shows of a chat's picture; what a phone's camera gives is several times that.
const LONGEST_SIDE = 1600;
const TRIES = [
  { side: LONGEST_SIDE, quality: 0.85 },
  { side: 1280, quality: 0.8 },
  { side: 1024, quality: 0.75 },
  { side: 800, quality: 0.65 },
  { side: 640, quality: 0.5 },
];

/** Reads a picture from a file and returns it as the server takes it: {kind, width, height, blob}. */
export async function shrink(file) {
  if (!file.type.startsWith("image/")) throw new Error("This is not a picture.");
  let source;
  try {
    source = await createImageBitmap(file);
  } catch {
    throw new Error("This picture cannot be read.");
  }
  try {
    for (const { side, quality } of TRIES) {
      const scale = Math.min(1, side / Math.max(source.width, source.height));
      const width = Math.max(1, Math.round(source.width * scale));
      const height = Math.max(1, Math.round(source.height * scale));
      const blob = await jpeg(source, width, height, quality);
      if (blob && blob.size <= LARGEST) return { kind: "image/jpeg", width, height, blob };
    }
  } finally {
    source.close();
  }
  throw new Error("This picture cannot be made small enough.");
}

function jpeg(source, width, height, quality) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  // JPEG has no transparency: what was clear becomes white, not black.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

/** The picture among what was pasted or dropped, if there is one. */
export function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith("image/")) ?? null;
}

/** Gives the picture a Blob URL, if its bytes are here. */
export function showPicture(picture) {
  if (picture.url) return true;
  if (!picture.blob && !picture.bytes) return false;
  picture.blob ??= new Blob([picture.bytes], { type: picture.kind });
  delete picture.bytes;
  picture.url = URL.createObjectURL(picture.blob);
  return true;
}

/** Gives the memory of a message's picture back. */
export function dropPicture(message) {
  if (message.picture?.url) URL.revokeObjectURL(message.picture.url);
}

const lightbox = byId("lightbox");
const image = byId("lightbox-image");

export function enlarge(picture, text, alt) {
  image.src = picture.url;
  image.alt = alt;
  byId("lightbox-text").textContent = text;
  lightbox.showModal();
}

byId("lightbox-close").addEventListener("click", () => lightbox.close());
// A click beside the picture closes it, as one expects.
lightbox.addEventListener("click", (event) => event.target !== image && lightbox.close());
lightbox.addEventListener("close", () => image.removeAttribute("src"));
