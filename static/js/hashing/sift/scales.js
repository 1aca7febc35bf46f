// The scale space: a picture blurred more and more, halved at each octave, and what each blurring took away (Lowe,
// "Distinctive image features from scale-invariant keypoints", 2004, section 3). The numbers are OpenCV's.

import { blurred, doubled, halved } from "./images.js";

/** @typedef {import("./images.js").Image} Image */

export const SIGMA = 1.6; // of the first blurred picture of each octave, in its pixels
export const LAYERS = 3; // to an octave, in which keypoints are looked for
export const BORDER = 5; // pixels at the edges, in which none is
const CAMERA_SIGMA = 0.5; // that a picture has from the beginning

/**
 * @typedef {object} Octave
 * @property {number} step  pixels of the picture to a pixel of the octave: a half in the first, which is of the doubled
 * @property {Image[]} blurred  LAYERS + 3, each 2^(1 / LAYERS) of the one before
 */

/** @param {Image} picture @returns {Octave[]} those in which keypoints can be */
export function octaves(picture) {
  const found = [];
  const larger = doubled(picture);
  let base = blurred(larger, Math.sqrt(SIGMA ** 2 - (2 * CAMERA_SIGMA) ** 2));
  for (let step = 0.5; Math.min(base.width, base.height) > 2 * BORDER; step *= 2) {
    const images = [base];
    for (let layer = 1; layer < LAYERS + 3; layer++) images.push(blurred(images[layer - 1], more(layer)));
    found.push({ step, blurred: images });
    base = halved(images[LAYERS]);
  }
  return found;
}

/** What blurring takes a layer from that of the layer before. */
function more(layer) {
  const before = SIGMA * 2 ** ((layer - 1) / LAYERS);
  return Math.sqrt((before * 2 ** (1 / LAYERS)) ** 2 - before ** 2);
}

/** What the blurring between layers took away. @param {Octave} octave @returns {Image[]} LAYERS + 2 */
export function differences({ blurred: images }) {
  return images.slice(1).map(({ data, width, height }, layer) => {
    const before = images[layer].data;
    const taken = new Float32Array(data.length);
    for (let at = 0; at < taken.length; at++) taken[at] = data[at] - before[at];
    return { data: taken, width, height };
  });
}
