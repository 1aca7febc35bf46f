// Grey pictures of float32: blurred, doubled, halved, as OpenCV does for SIFT.

/**
 * @typedef {{data: Float32Array, width: number, height: number}} Image  row by row, 0..255
 */

const REACH = 4; // sigmas of a Gaussian that count

/** Convolved with a Gaussian of so many pixels. @param {Image} image @param {number} sigma @returns {Image} */
export function blurred({ data, width, height }, sigma) {
  const weights = gaussian(sigma);
  return { data: blurredRows(blurredRows(data, width, height, weights), height, width, weights), width, height };
}

/**
 * Each row blurred along itself, and made a column. Most of the time goes here: a row with what is reflected at its
 * ends is copied next to each other, and four sums are kept at a time.
 */
function blurredRows(data, width, height, weights) {
  const reach = weights.length - 1;
  const line = new Float32Array(width + 2 * reach + 3);
  const turned = new Float32Array((width + 3) * height); // the last four of a row may end beyond it
  for (let y = 0; y < height; y++) {
    line.set(data.subarray(y * width, (y + 1) * width), reach);
    for (let far = 1; far <= reach; far++) {
      line[reach - far] = line[reach + reflected(-far, width)];
      line[reach + width - 1 + far] = line[reach + reflected(width - 1 + far, width)];
    }
    for (let x = 0, at = y; x < width; x += 4, at += 4 * height) {
      const middle = x + reach;
      let [first, second, third, fourth] = [0, 0, 0, 0];
      for (let far = reach; far > 0; far--) {
        const weight = weights[far];
        const left = middle - far;
        const right = middle + far;
        first += weight * (line[left] + line[right]);
        second += weight * (line[left + 1] + line[right + 1]);
        third += weight * (line[left + 2] + line[right + 2]);
        fourth += weight * (line[left + 3] + line[right + 3]);
      }
      turned[at] = first + weights[0] * line[middle];
      turned[at + height] = second + weights[0] * line[middle + 1];
      turned[at + 2 * height] = third + weights[0] * line[middle + 2];
      turned[at + 3 * height] = fourth + weights[0] * line[middle + 3];
    }
  }
  return turned.subarray(0, width * height);
}

/** The weights of the middle and of each pixel to one side of it; all of them, with both sides, are 1. */
function gaussian(sigma) {
  const reach = Math.round(REACH * sigma);
  const weights = Float64Array.from({ length: reach + 1 }, (_, far) => Math.exp((-far * far) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight) => total + 2 * weight, -weights[0]);
  return weights.map((weight) => weight / sum);
}

/** Beyond an edge the picture goes back; the outermost pixel comes once. */
function reflected(place, length) {
  const period = 2 * (length - 1);
  const within = Math.abs(place) % period;
  return Math.min(within, period - within);
}

/** Twice as wide and high, linear between the middles of pixels. @param {Image} image @returns {Image} */
export function doubled({ data, width, height }) {
  const larger = new Float32Array(4 * data.length);
  for (let y = 0, at = 0; y < 2 * height; y++) {
    const near = (y >> 1) * width;
    const far = beside(y, height) * width;
    for (let x = 0; x < 2 * width; x++, at++) {
      const own = x >> 1;
      const next = beside(x, width);
      larger[at] =
        0.5625 * data[near + own] +
        0.1875 * (data[near + next] + data[far + own]) +
        0.0625 * data[far + next];
    }
  }
  return { data: larger, width: 2 * width, height: 2 * height };
}

/** The other pixel that a pixel of the doubled picture lies between; itself at an edge. */
const beside = (place, length) => Math.min(Math.max((place >> 1) + (place & 1 ? 1 : -1), 0), length - 1);

/** Every other pixel. @param {Image} image @returns {Image} */
export function halved(image) {
  const width = image.width >> 1;
  const height = image.height >> 1;
  const data = new Float32Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    const from = Math.floor((y * image.height) / height) * image.width;
    for (let x = 0; x < width; x++, at++) data[at] = image.data[from + Math.floor((x * image.width) / width)];
  }
  return { data, width, height };
}
