// Details: what is left of a photo finds it. Made here as matching/hashing/keypoints.py makes them, and packed as
// matching/hashing/details.py reads them. Bits are not the server's, but each side finds what the other stored.

import { chosen, parts, storable } from "./parts.js";

const VERSION = 1; // of the packing
const STORED = 1;
const ASKED = 2;
const KINDS = ["whole", "main", "surround"];
const MOST_PARTS = 8; // of a file
const CODE_BYTES = 16;
const FULL = 65536; // the medians' unit
const PIXEL = 64; // steps to a pixel of an asked place
const ASKED_TURNS = 256; // of the circle
const ASKED_SIZES = 32; // steps to an octave

/** @typedef {import("./area.js").Picture} Picture */

/**
 * What is kept of a photo, packed.
 * @param {Picture[]} pictures  canonical, of one file
 * @param {object} definition  the profile, as the server serves it
 * @returns {Uint8Array | null} null where there are too few keypoints to tell it by
 */
export const storedDetails = (pictures, definition) => stored(found(pictures, definition), definition);

/** What is asked of an image, packed. @param {Picture[]} pictures @param {object} definition @returns {Uint8Array} */
export const askedDetails = (pictures, definition) => asked(found(pictures, definition), definition);

/** All keypoints of all parts of these pictures, for those who want both. @returns {import("./parts.js").Part[]} */
export function found(pictures, definition) {
  return pictures.flatMap((picture) => parts(picture, definition)).slice(0, MOST_PARTS);
}

/** Of all keypoints those that are kept, see `storedDetails`. */
export function stored(all, definition) {
  const kept = all
    .map((one) => storable(one, definition))
    .map((one) => ({ ...one, chosen: chosen(one, definition.stored, definition) }))
    .filter((one) => one.chosen.length >= definition.fewest_stored[one.kind]);
  return kept.length ? packed(STORED, kept, coarse(definition.stored_places), definition) : null;
}

/** Of all keypoints those that are asked. */
export function asked(all, definition) {
  const wanted = all.map((one) => ({ ...one, chosen: chosen(one, definition.asked, definition) }));
  return packed(ASKED, wanted, exact, definition);
}

function packed(form, all, place, { medians_in_65536ths: medians }) {
  const bytes = [VERSION, form, all.length];
  for (const one of all) {
    bytes.push(KINDS.indexOf(one.kind), ...short(one.width), ...short(one.height), ...short(one.chosen.length));
    for (const keypoint of one.chosen) bytes.push(...code(keypoint.describe(), medians), ...place(keypoint, one));
  }
  return Uint8Array.from(bytes);
}

const short = (value) => [value >> 8, value & 255];
const within = (value, most) => Math.min(Math.max(value, 0), most);

/** A bit for each value that is more than usual a share of them all. */
function code(values, medians) {
  const sum = values.reduce((total, value) => total + value, 0);
  const bits = new Uint8Array(CODE_BYTES);
  for (let place = 0; place < values.length; place++) {
    if (values[place] * FULL > medians[place] * sum) bits[place >> 3] |= 128 >> (place & 7);
  }
  return bits;
}

/** The cell, the direction and the size, four bits each. */
function coarse({ cells, turns, sizes_to_an_octave: sizes }) {
  return ({ x, y, angle, size }, { width, height }) => {
    const cell = (value) => within(Math.floor((value * cells) / Math.max(width, height)), cells - 1);
    const turn = Math.round((angle * turns) / 360) % turns;
    return [(cell(x) << 4) | cell(y), (turn << 4) | within(Math.round(size * sizes), 15)];
  };
}

function exact({ x, y, angle, size }) {
  const [across, down] = [x, y].map((value) => short(within(Math.round(value * PIXEL), 65535)));
  const turn = Math.round((angle * ASKED_TURNS) / 360) % ASKED_TURNS;
  return [...across, ...down, turn, within(Math.round(size * ASKED_SIZES), 255)];
}
