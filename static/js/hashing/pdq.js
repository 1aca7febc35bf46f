// PDQ, Meta's perceptual hash of 256 bits ("The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm",
// Facebook, 2019), as matching/hashing/pdq.py: every sum in float32 and in the reference's order.

import { ORIENTATIONS } from "./orientations.js";

export const BLOCK_SIDE = 64;
const DCT_SIDE = 16;
const SMALLEST_SIDE = 5; // the reference gives smaller images the zero hash and quality 0
const QUALITY_DIVISOR = 90; // the reference's scale of the gradient sum to 0..100
const { fround } = Math;

// Frequencies 1..16: the constant term is left out, so brightness plays no part.
const DCT = Float32Array.from({ length: DCT_SIDE * BLOCK_SIDE }, (_, place) => {
  const frequency = 1 + Math.floor(place / BLOCK_SIDE);
  const sample = place % BLOCK_SIDE;
  return fround(Math.sqrt(2 / BLOCK_SIDE)) * Math.cos((Math.PI / 2 / BLOCK_SIDE) * frequency * (2 * sample + 1));
});

/**
 * The 16 × 16 lowest frequencies of a block but the constant ones.
 * @param {Float32Array} block  64 × 64 luma
 * @returns {Float32Array} 16 × 16, a row for each vertical frequency
 */
export function dct(block) {
  const down = alongFirst(block, BLOCK_SIDE);
  return transposed(alongFirst(transposed(down, DCT_SIDE, BLOCK_SIDE), DCT_SIDE), DCT_SIDE, DCT_SIDE);
}

/** DCT of 64 rows of `width`, to 16 rows. */
function alongFirst(samples, width) {
  const totals = new Float32Array(DCT_SIDE * width);
  for (let sample = 0; sample < BLOCK_SIDE; sample++) {
    for (let frequency = 0; frequency < DCT_SIDE; frequency++) {
      const factor = DCT[frequency * BLOCK_SIDE + sample];
      for (let column = 0; column < width; column++) {
        const product = fround(factor * samples[sample * width + column]);
        totals[frequency * width + column] += product; // rounded to float32 when it is kept
      }
    }
  }
  return totals;
}

function transposed(values, height, width) {
  return values.map((_, place) => values[(place % height) * width + Math.floor(place / height)]);
}

/**
 * The code of an orientation. Mirroring changes the sign of odd frequencies, a quarter turn also transposes.
 * @param {Float32Array} coefficients  of `dct`
 * @param {string} orientation  one of ORIENTATIONS
 * @returns {Uint8Array} 32 bytes, the most significant bit first
 */
export function code(coefficients, orientation) {
  const { turned, rows, columns } = ORIENTATIONS[orientation];
  const oriented = coefficients.map((_, place) => {
    const row = place >> 4;
    const column = place & 15;
    const value = coefficients[turned ? column * DCT_SIDE + row : place];
    return (rows && row % 2 === 0) !== (columns && column % 2 === 0) ? -value : value;
  });
  const median = oriented.slice().sort()[oriented.length / 2 - 1]; // the lower of the two middle values
  const bits = new Uint8Array(oriented.length / 8);
  // The reference numbers bits from the lowest frequency and prints the highest number first.
  oriented.forEach((value, place) => {
    if (value > median) bits[31 - (place >> 3)] |= 1 << (place & 7);
  });
  return bits;
}

/**
 * PDQ's measure of detail: counts whole hundredths of the grey range between neighbours.
 * @param {Float32Array} block  64 × 64 luma
 * @returns {number} 0..100
 */
export function quality(block) {
  let total = 0;
  for (let y = 0; y < BLOCK_SIDE; y++) {
    for (let x = 0; x < BLOCK_SIDE; x++) {
      const at = y * BLOCK_SIDE + x;
      if (y + 1 < BLOCK_SIDE) total += hundredths(block[at], block[at + BLOCK_SIDE]);
      if (x + 1 < BLOCK_SIDE) total += hundredths(block[at], block[at + 1]);
    }
  }
  return Math.min(Math.floor(total / QUALITY_DIVISOR), 100);
}

function hundredths(one, other) {
  return Math.abs(Math.trunc(fround(fround(fround(one - other) * 100) / 255)));
}

/**
 * Reference PDQ of a picture at its own size, with its own filter.
 * @param {import("./area.js").Picture} picture
 * @returns {{bits: Uint8Array, quality: number}}
 */
export function plain({ data, width, height }) {
  if (Math.min(width, height) < SMALLEST_SIDE) return { bits: new Uint8Array(32), quality: 0 };
  let smooth = data;
  if (width !== BLOCK_SIDE || height !== BLOCK_SIDE) {
    // Two box filters in a row make a tent filter.
    for (let pass = 0; pass < 2; pass++) {
      smooth = box(smooth, { lanes: height, lane: width, length: width, step: 1 });
      smooth = box(smooth, { lanes: width, lane: 1, length: height, step: width });
    }
  }
  const block = decimated(smooth, width, height);
  return { bits: code(dct(block), "original"), quality: quality(block) };
}

/**
 * Running mean, shorter at both ends. Keeps one running sum in float32, to which the value that enters is added before
 * the one that leaves is subtracted, as the reference does.
 */
function box(values, { lanes, lane, length, step }) {
  const window = Math.ceil(length / (2 * BLOCK_SIDE));
  const ahead = Math.floor((window + 2) / 2) - 1;
  const means = new Float32Array(values.length);
  for (let number = 0; number < lanes; number++) {
    const start = number * lane;
    let total = 0;
    let held = 0;
    for (let place = 0; place < length + ahead; place++) {
      if (place < length) {
        total = fround(total + values[start + place * step]);
        held++;
      }
      if (place >= window) {
        total = fround(total - values[start + (place - window) * step]);
        held--;
      }
      if (place >= ahead) means[start + (place - ahead) * step] = total / held;
    }
  }
  return means;
}

function decimated(luma, width, height) {
  const block = new Float32Array(BLOCK_SIDE * BLOCK_SIDE);
  return block.map((_, place) => {
    const row = Math.trunc(((Math.floor(place / BLOCK_SIDE) + 0.5) * height) / BLOCK_SIDE);
    const column = Math.trunc((((place % BLOCK_SIDE) + 0.5) * width) / BLOCK_SIDE);
    return luma[row * width + column];
  });
}
