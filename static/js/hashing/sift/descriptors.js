// What a keypoint looks like: in 4 × 4 cells around it, turned by its direction, how much the picture rises in each of
// 8 directions (Lowe 2004, section 6; OpenCV's numbers).

const CELLS = 4; // across and down
const BINS = 8; // of the circle
const CELL = 3; // of the keypoint's scale, the side of a cell
const MOST = 0.2; // of the length: one strong edge says no more than that
const LENGTH = 512; // of the whole, so that values are below 256
const PADDED = CELLS + 2; // a cell on each side takes what lies beyond the outermost middles

/**
 * @param {import("./images.js").Image} image  of the keypoint's octave, blurred to its layer
 * @param {{x: number, y: number, scale: number, angle: number}} keypoint  in pixels of the image; degrees
 * @returns {Uint8Array} 128: row by row of the cells, in each by direction
 */
export function descriptor(image, keypoint) {
  return normal(rises(image, keypoint));
}

/** (PADDED × PADDED × BINS): each pixel's rise, shared between the cells and directions that it lies between. */
function rises({ data, width, height }, { x, y, scale, angle }) {
  const counts = new Float64Array(PADDED * PADDED * BINS);
  const side = CELL * scale;
  const turn = ((360 - angle) * Math.PI) / 180; // OpenCV tells angles clockwise
  const cos = Math.cos(turn) / side;
  const sin = Math.sin(turn) / side;
  const column = Math.round(x);
  const row = Math.round(y);
  const reach = Math.round(side * Math.SQRT2 * (CELLS + 1) * 0.5);
  const middle = CELLS / 2 - 0.5;
  for (let line = Math.max(row - reach, 1); line <= Math.min(row + reach, height - 2); line++) {
    for (let place = Math.max(column - reach, 1); place <= Math.min(column + reach, width - 2); place++) {
      const across = (place - column) * cos - (line - row) * sin;
      const down = (place - column) * sin + (line - row) * cos;
      const cellX = across + middle;
      const cellY = down + middle;
      if (!(cellX > -1 && cellX < CELLS && cellY > -1 && cellY < CELLS)) continue;
      const at = line * width + place;
      const right = data[at + 1] - data[at - 1];
      const up = data[at - width] - data[at + width];
      const weight = Math.exp((across * across + down * down) / (-0.5 * CELLS * CELLS));
      const direction = ((Math.atan2(up, right) - turn) * BINS) / (2 * Math.PI);
      share(counts, cellX, cellY, direction, weight * Math.sqrt(right * right + up * up));
    }
  }
  return counts;
}

function share(counts, cellX, cellY, direction, amount) {
  const x = Math.floor(cellX);
  const y = Math.floor(cellY);
  const bin = Math.floor(direction);
  const first = (bin + 2 * BINS) % BINS;
  const second = (first + 1) % BINS;
  const at = ((y + 1) * PADDED + x + 1) * BINS;
  const lower = amount * (cellY - y);
  const upper = amount - lower;
  const turned = direction - bin;
  const add = (cell, part) => {
    counts[cell + first] += part * (1 - turned);
    counts[cell + second] += part * turned;
  };
  add(at, upper * (1 - cellX + x));
  add(at + BINS, upper * (cellX - x));
  add(at + PADDED * BINS, lower * (1 - cellX + x));
  add(at + (PADDED + 1) * BINS, lower * (cellX - x));
}

/** Of the inner cells; of a fixed length, no value above a share of it. */
function normal(counts) {
  const values = new Float64Array(CELLS * CELLS * BINS);
  for (let row = 0; row < CELLS; row++) {
    const start = ((row + 1) * PADDED + 1) * BINS;
    values.set(counts.subarray(start, start + CELLS * BINS), row * CELLS * BINS);
  }
  const limit = MOST * length(values);
  const limited = values.map((value) => Math.min(value, limit));
  const factor = LENGTH / Math.max(length(limited), Number.EPSILON);
  return Uint8Array.from(limited, (value) => Math.min(255, Math.round(value * factor)));
}

const length = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
