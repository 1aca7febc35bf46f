// The directions of a keypoint: in which the picture around it rises most (Lowe 2004, section 5; OpenCV's numbers).

const BINS = 36; // of the circle
const SIGMA = 1.5; // of the weights around the keypoint, in its scale
const REACH = 3; // sigmas
const NEARLY = 0.8; // of the highest: another direction as good
const SMOOTH = [6 / 16, 4 / 16, 1 / 16];

/**
 * @param {import("./images.js").Image} image  of the keypoint's octave, blurred to its layer
 * @param {number} column @param {number} row  of the nearest pixel
 * @param {number} scale  of the keypoint, in pixels of the image
 * @returns {number[]} degrees, 0 to 360, as OpenCV tells them: upwards, so that of equals the same are kept
 */
export function directions(image, column, row, scale) {
  const counts = smoothed(rises(image, column, row, scale));
  const least = NEARLY * Math.max(...counts);
  const found = [];
  for (let bin = 0; bin < BINS; bin++) {
    const before = counts[(bin + BINS - 1) % BINS];
    const here = counts[bin];
    const after = counts[(bin + 1) % BINS];
    if (here <= before || here <= after || here < least) continue;
    const exact = bin + (0.5 * (before - after)) / (before - 2 * here + after);
    found.push((360 - (360 / BINS) * exact + 360) % 360);
  }
  return found.sort((one, other) => one - other);
}

/** How much the picture rises in each direction, near pixels counting more. */
function rises({ data, width, height }, column, row, scale) {
  const counts = new Float64Array(BINS);
  const sigma = SIGMA * scale;
  const reach = Math.round(REACH * sigma);
  for (let y = Math.max(row - reach, 1); y <= Math.min(row + reach, height - 2); y++) {
    for (let x = Math.max(column - reach, 1); x <= Math.min(column + reach, width - 2); x++) {
      const at = y * width + x;
      const across = data[at + 1] - data[at - 1];
      const up = data[at - width] - data[at + width];
      const weight = Math.exp(((x - column) ** 2 + (y - row) ** 2) / (-2 * sigma * sigma));
      const bin = Math.round((Math.atan2(up, across) * BINS) / (2 * Math.PI));
      counts[(bin + BINS) % BINS] += weight * Math.sqrt(across * across + up * up);
    }
  }
  return counts;
}

function smoothed(counts) {
  return counts.map((own, bin) => {
    const pair = (far) => counts[(bin + BINS - far) % BINS] + counts[(bin + far) % BINS];
    return SMOOTH[0] * own + SMOOTH[1] * pair(1) + SMOOTH[2] * pair(2);
  });
}
