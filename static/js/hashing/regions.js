// Rectangles that hold the picture proper, as matching/hashing/regions.py: without borders, or the block of a
// screenshot that is a photo. Every comparison in float32, as there.

const STRICT_RANGE = 20; // grey levels within a uniform line: what JPEG at quality 50 leaves of one
const LOOSE_RANGE = 12; // grey levels around the edge's colour
const LOOSE_SHARE = 0.7; // of the line has that colour: a caption covers less than the rest
const NEAR = 3; // grey levels of a line's pixels around a drawn edge's colour
const NEAR_SHARE = 0.9; // of them: a bubble or card has round corners
const SMALLEST_SHARE = 0.2; // of a side must remain, else what was found is not a border
const { fround } = Math;

/** @typedef {import("./area.js").Picture} Picture @typedef {import("./area.js").Rectangle} Rectangle */

/** @param {Picture} picture @returns {Rectangle} */
export const whole = ({ width, height }) => [0, 0, width, height];

/** The middle of a rectangle that keeps so many per cent of each side. @returns {Rectangle} */
export function center([left, top, right, bottom], perCent) {
  const cut = (1 - perCent / 100) / 2;
  const across = (right - left) * cut;
  const down = (bottom - top) * cut;
  return [left + across, top + down, right - across, bottom - down];
}

/** The largest rectangle of these proportions in the middle. @param {Picture} picture @returns {Rectangle} */
export function aspect({ width, height }, across, down) {
  const wide = Math.min(width, (height * across) / down);
  const high = Math.min(height, (width * down) / across);
  return [(width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2];
}

/** Cut off lines at each edge while each is uniform and has the colour of the edge, until none is left. */
export const trim = (picture) => trimmed(picture, whole(picture), uniform);

/** Cut off lines at each edge while most of each has the colour of the edge: borders with captions. */
export const trimLoose = (picture) => trimmed(picture, whole(picture), mostly(LOOSE_RANGE, LOOSE_SHARE));

/** Cut off drawn lines at each edge of a block. */
export const trimDrawn = (picture, block) => trimmed(picture, block, mostly(NEAR, NEAR_SHARE));

/** What remains is worth the name of a picture. */
export function largeEnough([left, top, right, bottom], width, height) {
  return bottom - top >= height * SMALLEST_SHARE && right - left >= width * SMALLEST_SHARE;
}

function uniform(line, colour) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of line) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const middle = fround(fround(high + low) / 2);
  return fround(high - low) <= STRICT_RANGE && Math.abs(fround(middle - colour)) <= STRICT_RANGE;
}

function mostly(range, share) {
  return (line, colour) => {
    let near = 0;
    for (const value of line) if (Math.abs(fround(value - colour)) <= range) near++;
    return near / line.length >= share;
  };
}

/** @returns {Rectangle} within `block`, or `block` itself when too little would remain */
function trimmed(picture, block, flat) {
  let [left, top, right, bottom] = block;
  const wide = right - left;
  const high = bottom - top;
  for (let before = -1; before !== right - left + bottom - top; ) {
    before = right - left + bottom - top;
    top += flatLines(picture, [left, top, right, bottom], rowsFromTop, flat);
    bottom -= flatLines(picture, [left, top, right, bottom], rowsFromBottom, flat);
    left += flatLines(picture, [left, top, right, bottom], columnsFromLeft, flat);
    right -= flatLines(picture, [left, top, right, bottom], columnsFromRight, flat);
    if (!largeEnough([left, top, right, bottom], wide, high)) return block;
  }
  return [left, top, right, bottom];
}

// How to walk from an edge: the first pixel of the first line, from line to line, and along a line.
const rows = (width, [left, top, right, bottom]) => ({ lines: bottom - top, length: right - left, step: 1 });
const columns = (width, [left, top, right, bottom]) => ({ lines: right - left, length: bottom - top, step: width });
const rowsFromTop = (width, block) => ({ ...rows(width, block), start: block[1] * width + block[0], next: width });
const rowsFromBottom = (width, block) => ({
  ...rows(width, block),
  start: (block[3] - 1) * width + block[0],
  next: -width,
});
const columnsFromLeft = (width, block) => ({ ...columns(width, block), start: block[1] * width + block[0], next: 1 });
const columnsFromRight = (width, block) => ({
  ...columns(width, block),
  start: block[1] * width + block[2] - 1,
  next: -1,
});

/** How many lines from an edge are flat, in the colour of the first. */
function flatLines({ data, width }, rectangle, from, flat) {
  const { start, lines, next, length, step } = from(width, rectangle);
  if (!lines || !length) return 0;
  const line = new Float32Array(length);
  let colour;
  for (let number = 0; number < lines; number++) {
    for (let place = 0; place < length; place++) line[place] = data[start + number * next + place * step];
    colour ??= median(line);
    if (!flat(line, colour)) return number;
  }
  return lines;
}

function median(values) {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : fround(fround(sorted[half - 1] + sorted[half]) / 2);
}
