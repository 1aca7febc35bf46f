// Keypoints of a picture by SIFT, as OpenCV finds them (`SIFT.create(0, 3, contrast, 10, 1.6)`).

import { descriptor } from "./descriptors.js";
import { directions } from "./directions.js";
import { peaks } from "./extrema.js";
import { LAYERS, SIGMA, differences, octaves } from "./scales.js";

/**
 * @typedef {object} Keypoint
 * @property {number} x @property {number} y  pixels of the picture; the middle of the first is at a quarter, as OpenCV has it
 * @property {number} size  log2 of the pixels across
 * @property {number} angle  degrees, 0 to 360
 * @property {number} response  contrast, 0..1
 * @property {() => Uint8Array} describe  its 128 values: made only of those that are kept
 */

/**
 * @param {import("./images.js").Image} picture  of 16 pixels a side at least
 * @param {number} contrast  of the least that counts
 * @returns {Keypoint[]} the strongest first
 */
export function keypoints(picture, contrast) {
  const found = octaves(picture).flatMap((octave) => ofOctave(octave, contrast));
  return found.sort((one, other) => other.response - one.response);
}

function ofOctave(octave, contrast) {
  const { step, blurred } = octave;
  return peaks(differences(octave), contrast).flatMap(({ x, y, column, row, layer, scale: exact, response }) => {
    const image = blurred[layer];
    const scale = SIGMA * 2 ** (exact / LAYERS);
    return directions(image, column, row, scale).map((angle) => ({
      x: x * step,
      y: y * step,
      size: Math.log2(2 * scale * step),
      angle,
      response,
      describe: () => descriptor(image, { x, y, scale, angle }),
    }));
  });
}
