// What the programs of this suite have in common: packages of ../interop, and lines of JSON.

import { createRequire } from "node:module";

/** Gives a package that is installed beside the clients. */
export const packages = createRequire(new URL("../interop/", import.meta.url));

export const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Bytes have a form of their own in JSON, both ways, and so have values of JavaScript that JSON has not. */
export const show = (value) => {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("hex") };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(show);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, value]) => [key, show(value)]));
};

const numbers = { nan: NaN, infinity: Infinity, "-0": -0 };

export const read = (_, value) => {
  if (typeof value?.$bytes === "string") return Buffer.from(value.$bytes, "hex");
  if (typeof value?.$date === "number") return new Date(value.$date);
  if (typeof value?.$number === "string") return numbers[value.$number];
  return value;
};
