// The parts of a picture in which details are looked for, and which of their keypoints count, as in
// matching/hashing/keypoints.py.

import { SummedArea, eightBits } from "./area.js";
import { mainBlock, surface } from "./block.js";
import { keypoints } from "./sift/keypoints.js";

const MAIN_SHARE = 0.85; // of the picture: a larger main block is the whole of it
const MOSTLY_DRAWN = 0.5; // of the picture: a page of letters in which no photo was found is all surround
const SMALLEST = 16; // pixels of a side, below which no keypoint can be

/** @typedef {import("./area.js").Picture} Picture @typedef {import("./sift/keypoints.js").Keypoint} Keypoint */

/**
 * @typedef {object} Part
 * @property {"whole" | "main" | "surround"} kind
 * @property {number} width @property {number} height  pixels of it as reduced
 * @property {number} scale  pixels of the canonical picture to one of those
 * @property {Keypoint[]} found  the strongest first
 * @property {Picture} drawn  1 where its canonical pixels are drawn surface
 * @property {import("./area.js").Rectangle} [main]  in canonical pixels, what a surround is around
 */

/** @param {Picture} picture  canonical @param {object} definition @returns {Part[]} */
export function parts(picture, definition) {
  const { width, height } = picture;
  const flat = surface(picture);
  const drawn = { data: flat ?? new Uint8Array(width * height), width, height };
  const main = mainBlock(picture, flat);
  const [left, top, right, bottom] = main;
  if ((right - left) * (bottom - top) >= MAIN_SHARE * width * height) {
    const share = drawn.data.reduce((sum, pixel) => sum + pixel, 0) / drawn.data.length;
    return [part(share > MOSTLY_DRAWN ? "surround" : "whole", picture, drawn, definition)];
  }
  return [
    part("main", cut(picture, main), cut(drawn, main), definition),
    { ...part("surround", picture, drawn, definition), main },
  ];
}

function part(kind, picture, drawn, { longest_side: longest, contrast }) {
  const image = reduced(picture, longest);
  const { width, height } = image;
  const found = Math.min(width, height) < SMALLEST ? [] : keypoints(image, contrast);
  return { kind, width, height, scale: picture.width / width, found, drawn };
}

/** Averaged by area to so many pixels on the longer side, never enlarged, in whole greys. */
function reduced(picture, longest) {
  const ratio = Math.min(1, longest / Math.max(picture.width, picture.height));
  const side = (length) => Math.max(1, Math.floor(length * ratio + 0.5));
  const width = side(picture.width);
  const height = side(picture.height);
  const all = [0, 0, picture.width, picture.height];
  const averaged = ratio < 1 ? new SummedArea(picture).block(all, height, width) : picture.data;
  return { data: Float32Array.from(eightBits(averaged)), width, height };
}

function cut({ data, width }, [left, top, right, bottom]) {
  const lines = Array.from({ length: bottom - top }, (_, line) => (top + line) * width);
  const inner = new data.constructor((right - left) * (bottom - top));
  lines.forEach((at, line) => inner.set(data.subarray(at + left, at + right), line * (right - left)));
  return { data: inner, width: right - left, height: bottom - top };
}

/** Those that are stored: not of letters and symbols, nor what the main block has as a part of its own. @returns {Part} */
export function storable(one, definition) {
  return { ...one, found: one.found.filter(offSurface(one, definition)).filter(outsideMain(one)) };
}

function outsideMain({ main, scale }) {
  if (!main) return () => true;
  const [left, top, right, bottom] = main;
  return ({ x, y }) => x * scale < left || x * scale >= right || y * scale < top || y * scale >= bottom;
}

/** Letters and symbols have drawn surface all around. */
function offSurface({ kind, scale, drawn }, { drawn_reach: [sizes, pixels], drawn_share: shares }) {
  const { table, stride } = new SummedArea(drawn);
  const edges = (middle, far, limit) => {
    const first = Math.min(Math.max(Math.round((middle + 0.5 - far) * scale), 0), limit - 1);
    const last = Math.min(Math.max(Math.round((middle + 0.5 + far) * scale), first + 1), limit);
    return [first, last];
  };
  return ({ x, y, size }) => {
    const far = Math.max(sizes * 2 ** size, pixels);
    const [left, right] = edges(x, far, drawn.width);
    const [top, bottom] = edges(y, far, drawn.height);
    const sum = (row) => table[row * stride + right] - table[row * stride + left];
    return sum(bottom) - sum(top) <= shares[kind] * (right - left) * (bottom - top);
  };
}

/**
 * So many keypoints of a part, a share of them of the coarse ones; where one sort is short, more of the other.
 * @param {Part} one @param {{coarse_share: number}} wanted  and how many by kind @param {object} definition
 * @returns {Keypoint[]}
 */
export function chosen({ kind, width, height, found }, wanted, { coarse_from_log2_size: coarse, grid }) {
  const large = found.filter(({ size }) => size >= coarse);
  const small = found.filter(({ size }) => size < coarse);
  const many = wanted[kind];
  const larger = Math.min(
    large.length,
    Math.max(Math.trunc(many * wanted.coarse_share), many - small.length),
  );
  const side = Math.max(width, height) / grid;
  return [...spread(large, larger, side), ...spread(small, many - larger, side)];
}

/** The first of each cell, then the second, …, of those that are in order of strength. */
function spread(among, wanted, side) {
  if (among.length <= wanted) return among;
  const taken = new Map(); // by cell
  const ranked = among.map((keypoint) => {
    const cell = `${Math.floor(keypoint.x / side)} ${Math.floor(keypoint.y / side)}`;
    const rank = taken.get(cell) ?? 0;
    taken.set(cell, rank + 1);
    return { rank, keypoint };
  });
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.slice(0, wanted).map(({ keypoint }) => keypoint);
}
