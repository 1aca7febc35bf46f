// A file to canonical pictures, as matching/hashing/pictures.py: luma, at most 512 on the longer side. The browser
// decodes, and its pixels are averaged by ourselves, because a canvas that shrinks is up to 12 bits off.

import { shrink } from "./area.js";
import { HashingError } from "./errors.js";
import { MAX_BYTES, MAX_PIXELS, isHeic, sizeOf } from "./headers.js";
import { PART_HEIGHT, PART_WIDTH, drawn, stored } from "./pixels.js";

/** @typedef {import("./area.js").Picture} Picture */

// The stored values as they are: as the server, without the file's colour profile, upright.
const AS_STORED = { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" };

/**
 * The canonical pictures of a file: one, or two where something shows through: over white, and with transparency
 * dropped. Of an animation the first frame only.
 * @param {Blob} blob
 * @param {number} longestSide  the profile's
 * @param {() => Promise<void>} [breathe]  awaited between parts, where there is a page to keep alive
 * @returns {Promise<Picture[]>}
 * @throws {HashingError} undecodable, heic-unsupported, too-large
 */
export async function pictures(blob, longestSide, breathe) {
  const bitmap = await decoded(blob);
  try {
    guard(bitmap);
    return await renderings(bitmap, canonicalSize(bitmap, longestSide), breathe);
  } finally {
    bitmap.close();
  }
}

function guard({ width, height }) {
  if (width * height > MAX_PIXELS) throw new HashingError("too-large");
}

async function decoded(blob) {
  try {
    if (blob.size > MAX_BYTES) throw new HashingError("too-large");
    const size = await sizeOf(blob);
    if (size) guard(size);
    return await createImageBitmap(blob, AS_STORED).catch(withoutOrientation(blob));
  } catch (error) {
    if (error instanceof HashingError) throw error;
    const heic = await isHeic(blob).catch(() => false); // a file that is gone cannot be read either
    throw new HashingError(heic ? "heic-unsupported" : "undecodable");
  }
}

/**
 * Older browsers do not know "from-image", which is what they do. One that would not turn a photo still gives hashes
 * that are found: an image is asked in all orientations.
 */
function withoutOrientation(blob) {
  const { imageOrientation, ...options } = AS_STORED;
  return (error) => {
    if (error instanceof TypeError) return createImageBitmap(blob, options);
    throw error;
  };
}

/** Rounded half up; never enlarged, never 0. */
function canonicalSize({ width, height }, longestSide) {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const side = (length) => Math.max(1, Math.floor(length * scale + 0.5));
  return { width: side(width), height: side(height) };
}

async function renderings(bitmap, target, breathe) {
  const averaged = (reader, treatment) =>
    shrink((top, bottom) => rows(bitmap, top, bottom, reader, treatment, breathe), bitmap, target);
  let lowest = 255;
  const opaque = await averaged(drawn, (rgba, at) => {
    if (rgba[at + 3] < lowest) lowest = rgba[at + 3];
    return luma(rgba, at);
  });
  return lowest === 255 ? [opaque] : [await averaged(stored, overWhite), await averaged(stored, luma)];
}

/** Pillow's formula, in whole thousandths. */
function luma(rgba, at) {
  return (299 * rgba[at] + 587 * rgba[at + 1] + 114 * rgba[at + 2]) / 1000;
}

function overWhite(rgba, at) {
  return 255 + (rgba[at + 3] / 255) * (luma(rgba, at) - 255);
}

let held = new Float32Array(0);

/** The luma of rows, (bottom − top) × width, each pixel treated. Good until the next are asked for. */
async function rows(bitmap, top, bottom, reader, treatment, breathe) {
  const count = (bottom - top) * bitmap.width;
  if (held.length < count) held = new Float32Array(count);
  const values = held.subarray(0, count);
  for (let y = top; y < bottom; y += PART_HEIGHT) {
    for (let x = 0; x < bitmap.width; x += PART_WIDTH) {
      const width = Math.min(PART_WIDTH, bitmap.width - x);
      const height = Math.min(PART_HEIGHT, bottom - y);
      const rgba = await reader(bitmap, x, y, width, height);
      for (let line = 0, at = 0; line < height; line++) {
        const start = (y - top + line) * bitmap.width + x;
        for (let column = 0; column < width; column++, at += 4) values[start + column] = treatment(rgba, at);
      }
      await breathe?.();
    }
  }
  return values;
}
