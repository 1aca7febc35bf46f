// Grey pictures of float32: blurred, doubled, halved, as OpenCV does for SIFT.

/**
 * @typedef {{data: Float32Array, width: number, height: number}} Image  row by row, 0..255
 */

const REACH = 4; // sigmas of a Gaussian that count

/** Convolved with a Gaussian of so many pixels. @param {Image} image @param {number} sigma @returns {Image} */
export function blurred({ data, width, height }, sigma) {
  const weights = gaussian(sigma);
  const reach = weights.length - 1;
  const across = new Float32Array(data.length);
  const line = new Float32Array(width + 2 * reach); // a row with what is reflected at its ends
  const columns = Int32Array.from(line, (_, place) => reflected(place - reach, width));
  for (let y = 0, at = 0; y < height; y++, at += width) {
    for (let place = 0; place < line.length; place++) line[place] = data[at + columns[place]];
    for (let x = 0; x < width; x++) {
      const middle = x + reach;
      let sum = weights[0] * line[middle];
      for (let far = 1; far <= reach; far++) sum += weights[far] * (line[middle - far] + line[middle + far]);
      across[at + x] = sum;
    }
  }
  const down = new Float32Array(data.length);
  const above = new Int32Array(reach + 1);
  const below = new Int32Array(reach + 1);
  for (let y = 0, at = 0; y < height; y++, at += width) {
    for (let far = 0; far <= reach; far++) {
      above[far] = reflected(y - far, height) * width;
      below[far] = reflected(y + far, height) * width;
    }
    for (let x = 0; x < width; x++) {
      let sum = weights[0] * across[at + x];
      for (let far = 1; far <= reach; far++) sum += weights[far] * (across[above[far] + x] + across[below[far] + x]);
      down[at + x] = sum;
    }
  }
  return { data: down, width, height };
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
