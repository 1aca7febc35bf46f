// Canonical pictures to the hashes of a profile, as matching/hashing/hashes.py. The profile is what /v1/algorithms
// serves: it says which views are stored and asked; here is how each is found.

import { SummedArea } from "./area.js";
import { mainBlock } from "./block.js";
import { HashingError } from "./errors.js";
import { BLOCK_SIDE, code, dct, plain, quality } from "./pdq.js";
import { aspect, center, trim, trimLoose, whole } from "./regions.js";
import { levels, texture } from "./texture.js";

/**
 * @typedef {import("./area.js").Picture} Picture
 * @typedef {{view: string, algorithm: "pdq" | "dhash", hash: string, quality: number, orientation?: string,
 *   texture?: string, frame: number}} Hash  hash and texture: 64 hexadecimal digits; quality: 0..100; frame: the place
 *   of its picture in the file
 * @typedef {{profile: string, hashes: Hash[]}} Fingerprint
 */

const VIEWS = [
  [/^full$/, (picture) => whole(picture)],
  [/^(?:content|trim)$/, (picture) => trim(picture)],
  [/^trim-loose$/, (picture) => trimLoose(picture)],
  [/^main$/, (_, main) => main()],
  [/^main-(\d+)$/, (_, main, perCent) => center(main(), perCent)],
  [/^center-([\d.]+)$/, (picture, _, perCent) => center(whole(picture), perCent)],
  [/^aspect-(\d+)x(\d+)$/, (picture, _, across, down) => aspect(picture, across, down)],
];

/**
 * The stored hashes of a photo: what `fingerprint_of` gives. Of equal hashes of a view only the first is kept.
 * @param {Picture[]} pictures  canonical, one for each treatment of transparency
 * @param {object} profile
 * @returns {Fingerprint}
 * @throws {HashingError} low-quality: no view has enough detail
 */
export function fingerprintOf(pictures, profile) {
  const { pdq, dhash } = profile.stored;
  const views = pdq.filter((view) => view !== "plain").map((view) => [view, ["original"]]);
  const all = pictures.flatMap((picture, frame) => {
    const hashes = hashesOf(picture, frame, views, dhash);
    return pdq.includes("plain") ? [...hashes, plainHash(picture, frame, hashes[0].texture)] : hashes;
  });
  const stored = all.map(({ orientation, ...hash }) => hash);
  return kept(stored, profile, (hash) => [hash.view, hash.algorithm, hash.hash, hash.texture]);
}

/**
 * The asked hashes of an image, in the orientations that the profile names: what `query_of` gives. Equal ones once.
 * @param {Picture[]} pictures
 * @param {object} profile
 * @returns {Fingerprint}
 * @throws {HashingError} low-quality
 */
export function queryOf(pictures, profile) {
  const { pdq, dhash } = profile.asked;
  const views = Object.entries(pdq);
  const asked = pictures.flatMap((picture, frame) => hashesOf(picture, frame, views, Object.keys(dhash)));
  return kept(asked, profile, (hash) => [hash.algorithm, hash.hash, hash.texture]);
}

function kept(hashes, profile, sameness) {
  const first = new Map();
  for (const hash of hashes.filter((each) => each.quality >= profile.minimum_quality)) {
    const key = sameness(hash).join();
    if (!first.has(key)) first.set(key, hash);
  }
  if (!first.size) throw new HashingError("low-quality");
  return { profile: profile.name, hashes: [...first.values()] };
}

/** @param {[string, string[]][]} views  each with its orientations @returns {Required<Hash>[]} */
function hashesOf(picture, frame, views, withDhash) {
  const table = new SummedArea(picture);
  let block;
  const main = () => (block ??= mainBlock(picture));
  const seen = new Set();
  const hashes = [];
  for (const [view, orientations] of views) {
    const rectangle = rectangleOf(view, picture, main);
    if (seen.has(rectangle.join())) continue; // equal rectangles once, under the first of their names
    seen.add(rectangle.join());
    const square = table.block(rectangle, BLOCK_SIDE, BLOCK_SIDE);
    const coefficients = dct(square);
    const grey = levels(table, rectangle);
    const its = { view, frame, quality: quality(square) };
    for (const orientation of orientations) {
      const confirming = hex(texture(grey, orientation));
      const bits = hex(code(coefficients, orientation));
      hashes.push({ ...its, orientation, algorithm: "pdq", hash: bits, texture: confirming });
      if (withDhash.includes(view)) hashes.push({ ...its, orientation, algorithm: "dhash", hash: confirming });
    }
  }
  return hashes;
}

function rectangleOf(view, picture, main) {
  for (const [pattern, find] of VIEWS) {
    const named = pattern.exec(view);
    if (named) return find(picture, main, ...named.slice(1).map(Number));
  }
  throw new TypeError(`the profile has a view that is not known here: ${view}`);
}

/** Confirmed by the texture of the whole picture. */
function plainHash(picture, frame, confirming) {
  const { bits, quality: its } = plain(picture);
  return { view: "plain", frame, quality: its, algorithm: "pdq", hash: hex(bits), texture: confirming };
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
