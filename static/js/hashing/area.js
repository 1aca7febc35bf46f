// Averages over rectangles with exact pixel weights, as matching/hashing/area.py: the same arithmetic in the same
// order, so that equal pixels give equal bits.

/**
 * A luma picture, row by row.
 * @typedef {{data: Float32Array, width: number, height: number}} Picture  data: width × height values, 0..255
 * @typedef {[number, number, number, number]} Rectangle  left, top, right, bottom in pixels
 */

const STRIP_PIXELS = 1_000_000; // source pixels held at a time: a photo of 100 megapixels needs no second copy

/**
 * Average a picture by area to a smaller one, strip by strip.
 *
 * The server sums in float32 in an order that is its library's; this sums in float64: means differ by 1e-5 of a grey.
 * @param {(top: number, bottom: number) => Promise<Float32Array>} rows  gives source rows, (bottom − top) × width luma
 * @param {{width: number, height: number}} source  whole pixels
 * @param {{width: number, height: number}} target  nowhere larger than the source
 * @returns {Promise<Picture>}
 */
export async function shrink(rows, source, target) {
  const down = lines(source.height, target.height);
  const across = lines(source.width, target.width);
  const data = new Float32Array(target.width * target.height);
  const narrow = new Float64Array(source.width);
  const step = Math.max(1, Math.floor(STRIP_PIXELS / (source.width * Math.max(1, source.height / target.height))));
  for (let first = 0; first < target.height; first += step) {
    const last = Math.min(first + step, target.height);
    const top = down[first].first;
    const strip = await rows(top, down[last - 1].last);
    for (let line = first; line < last; line++) {
      averageRows(strip, source.width, down[line], top, narrow);
      averageAlong(narrow, across, data, line * target.width);
    }
  }
  return { data, ...target };
}

/** Which source lines make up each target line, and what the first, the last and those between weigh. */
function lines(available, target) {
  const edges = linspace(0, available, target);
  return Array.from({ length: target }, (_, line) => {
    const low = edges[line];
    const high = edges[line + 1];
    // Rounding must not let a line in that is covered by a billionth.
    const first = Math.floor(low + 1e-9);
    const last = Math.max(Math.min(Math.ceil(high - 1e-9), available), first + 1);
    const inner = 1 / (high - low);
    if (last - first === 1) return { first, last, begin: 1, inner: 1, end: 1 };
    return { first, last, begin: inner * (first + 1 - low), inner, end: inner * (high - (last - 1)) };
  });
}

function averageRows(strip, width, { first, last, begin, inner, end }, top, into) {
  into.fill(0);
  for (let row = first; row < last; row++) {
    const weight = row === first ? begin : row === last - 1 ? end : inner;
    const at = (row - top) * width;
    for (let x = 0; x < width; x++) into[x] += weight * strip[at + x];
  }
}

function averageAlong(values, across, into, at) {
  for (let x = 0; x < across.length; x++) {
    const { first, last, begin, inner, end } = across[x];
    let sum = begin * Math.fround(values[first]);
    for (let column = first + 1; column < last - 1; column++) sum += inner * Math.fround(values[column]);
    if (last - first > 1) sum += end * Math.fround(values[last - 1]);
    into[at + x] = sum;
  }
}

/** count + 1 numbers from start to stop, as numpy's linspace gives them. */
function linspace(start, stop, count) {
  const step = (stop - start) / count;
  const numbers = Float64Array.from({ length: count + 1 }, (_, place) => place * step + start);
  numbers[count] = stop;
  return numbers;
}

/**
 * Sums over all rectangles that begin at the top left, from which the mean of any rectangle follows (Crow,
 * "Summed-area tables for texture mapping", 1984). Bilinear between its entries, so edges within a pixel are exact.
 */
export class SummedArea {
  /** @param {Picture} picture */
  constructor({ data, width, height }) {
    this.width = width;
    this.height = height;
    this.stride = width + 1;
    this.table = new Float64Array(this.stride * (height + 1));
    for (let y = 0; y < height; y++) {
      let sum = 0;
      const at = (y + 1) * this.stride + 1;
      for (let x = 0; x < width; x++) {
        sum += data[y * width + x];
        this.table[at + x] = sum + this.table[at + x - this.stride];
      }
    }
  }

  /**
   * A rectangle of positive area averaged to height × width.
   * @param {Rectangle} rectangle
   * @returns {Float32Array} height × width
   */
  block([left, top, right, bottom], height, width) {
    const ys = linspace(top, bottom, height);
    const xs = linspace(left, right, width);
    const cell = ((bottom - top) * (right - left)) / (height * width);
    const averaged = new Float32Array(height * width);
    let above = this.#line(ys[0], xs);
    for (let y = 0; y < height; y++) {
      const below = this.#line(ys[y + 1], xs);
      let before = 0;
      for (let x = 0; x <= width; x++) {
        const begin = below[2 * x] - above[2 * x];
        const end = below[2 * x + 1] - above[2 * x + 1];
        const sum = begin + (xs[x] - this.#column(xs[x])) * (end - begin);
        if (x) averaged[y * width + x - 1] = (sum - before) / cell;
        before = sum;
      }
      above = below;
    }
    return averaged;
  }

  /** The table at height y: for each of xs its entries in the whole columns before and after. */
  #line(y, xs) {
    const row = Math.min(Math.trunc(y), this.height - 1);
    const at = row * this.stride;
    const entries = new Float64Array(2 * xs.length);
    for (let place = 0; place < entries.length; place++) {
      const here = at + this.#column(xs[place >> 1]) + (place & 1);
      entries[place] = this.table[here] + (y - row) * (this.table[here + this.stride] - this.table[here]);
    }
    return entries;
  }

  #column(x) {
    return Math.min(Math.trunc(x), this.width - 1);
  }
}

/** Rounded half up to 0..255. */
export function eightBits(values) {
  return Uint8Array.from(values, (value) => Math.fround(Math.min(Math.max(value, 0), 255) + 0.5));
}
