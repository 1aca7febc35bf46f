// The main block, as `main_block` in matching/hashing/regions.py: the rectangle that holds the most picture and the
// least drawn surface, as a photo in a screenshot or a page.

import { largeEnough, trimDrawn, whole } from "./regions.js";

const STILL = 0.75; // grey levels to the neighbours: drawn surfaces have 0, even after compression and averaging
const SURFACE_SHARE = 0.03; // of all pixels have one grey level, standing still: a drawn surface, not a sky
const SURFACE_COSTS = 2; // pixels of picture: a gap between two photos of a feed then parts them, as words do not
const GRID = 64; // lines at which a block is first looked for
const REFINEMENTS = 2;
const { fround } = Math;

/**
 * @param {import("./area.js").Picture} picture
 * @param {Uint8Array | null} [drawn]  its surface, where that is known already
 * @returns {import("./area.js").Rectangle}
 */
export function mainBlock(picture, drawn = surface(picture)) {
  const { width, height } = picture;
  if (!drawn) return whole(picture);
  const sums = summed(drawn, width, height);
  const block = refined(sums, largestSum(sums));
  return largeEnough(block, width, height) ? trimDrawn(picture, block) : whole(picture);
}

/**
 * Which pixels are drawn surface: of a grey level, or next to one, of many that equal those beside them.
 * @param {import("./area.js").Picture} picture
 * @returns {Uint8Array | null} 1 where it is; null where none is
 */
export function surface({ data, width, height }) {
  const levels = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at++) levels[at] = Math.min(Math.max(fround(data[at] + 0.5), 0), 255);
  const still = new Uint32Array(256);
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const across = Math.abs(fround(data[at + 1] - data[at]));
      const down = Math.abs(fround(data[at + width] - data[at]));
      if (across <= STILL && down <= STILL) still[levels[at]]++;
    }
  }
  const common = still.map((count) => (count >= SURFACE_SHARE * data.length ? 1 : 0));
  const near = common.map((own, level) => own | common[level - 1] | common[level + 1]);
  const drawn = levels.map((level) => near[level]);
  return drawn.includes(1) ? drawn : null;
}

/** Sums from the top left of +1 for each pixel of picture and −2 for each of surface. */
function summed(drawn, width, height) {
  const stride = width + 1;
  const values = new Int32Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += 1 - (1 + SURFACE_COSTS) * drawn[y * width + x];
      values[(y + 1) * stride + x + 1] = values[y * stride + x + 1] + row;
    }
  }
  return { width, height, at: (y, x) => values[y * stride + x] };
}

function grid(side) {
  const lines = Math.min(side, GRID);
  return Int32Array.from({ length: lines + 1 }, (_, line) => Math.floor((line * side) / lines));
}

/** The rectangle of the largest sum with its edges on the grid: every pair of rows, and Kadane's scan across. */
function largestSum({ width, height, at }) {
  const ys = grid(height);
  const xs = grid(width);
  let most = -Infinity;
  let best;
  for (const [above, top] of ys.entries()) {
    for (const bottom of ys.subarray(above + 1)) {
      let lowest = Infinity;
      let left;
      for (const x of xs) {
        const across = at(bottom, x) - at(top, x);
        if (across - lowest > most) {
          most = across - lowest;
          best = [left, top, x, bottom];
        }
        if (across < lowest) [lowest, left] = [across, x];
      }
    }
  }
  return best;
}

/** Each edge moved to the best pixel within a line of the grid. */
function refined({ width, height, at }, [left, top, right, bottom]) {
  const down = Math.ceil(height / GRID);
  const over = Math.ceil(width / GRID);
  for (let round = 0; round < REFINEMENTS; round++) {
    const row = (y) => at(y, right) - at(y, left);
    top = best((y) => -row(y), top, down, 0, bottom);
    bottom = best(row, bottom, down, top + 1, height + 1);
    const column = (x) => at(bottom, x) - at(top, x);
    left = best((x) => -column(x), left, over, 0, right);
    right = best(column, right, over, left + 1, width + 1);
  }
  return [left, top, right, bottom];
}

/** The first of the largest gains within reach of a position, from `begin` to before `end`. */
function best(gain, position, reach, begin, end) {
  let found = Math.max(begin, position - reach);
  for (let place = found + 1; place < Math.min(position + reach + 1, end); place++) {
    if (gain(place) > gain(found)) found = place;
  }
  return found;
}
