// Where the scale space has its peaks: pixels that stand out from their 26 neighbours, to a part of a pixel, without
// those of low contrast and those along an edge (Lowe 2004, sections 3.1 to 4.1, with OpenCV's numbers).

import { BORDER, LAYERS } from "./scales.js";

const EDGE = 10; // the most by which a peak may be longer than wide
const STEPS = 5; // from pixel to pixel, in which a peak is found or given up

/** @typedef {import("./images.js").Image} Image */

/**
 * @typedef {object} Peak
 * @property {number} x @property {number} y  pixels of the octave, exact
 * @property {number} column @property {number} row @property {number} layer  the nearest pixel
 * @property {number} scale  the layer, exact
 * @property {number} response  contrast, 0..1
 */

/**
 * @param {Image[]} layers  differences of an octave
 * @param {number} contrast  that a peak has at least, over all layers
 * @returns {Peak[]}
 */
export function peaks(layers, contrast) {
  const { width, height } = layers[0];
  const least = (0.5 * 255 * contrast) / LAYERS; // half of what a peak must have: the exact one may be higher
  const found = new Map(); // by pixel: neighbours may lead to the same
  for (let layer = 1; layer <= LAYERS; layer++) {
    const three = [layers[layer].data, layers[layer - 1].data, layers[layer + 1].data];
    for (let row = BORDER; row < height - BORDER; row++) {
      for (let column = BORDER; column < width - BORDER; column++) {
        const at = row * width + column;
        if (Math.abs(three[0][at]) <= least || !standsOut(three, at, width)) continue;
        const peak = refined(layers, column, row, layer, contrast);
        if (peak) found.set((peak.layer * height + peak.row) * width + peak.column, peak);
      }
    }
  }
  return [...found.values()];
}

/** No neighbour in its own layer, the one before and the one after is higher; where it is negative, lower. */
function standsOut(layers, at, width) {
  const value = layers[0][at];
  const sign = Math.sign(value);
  const high = sign * value;
  for (const data of layers) {
    for (let line = at - width; line <= at + width; line += width) {
      if (sign * data[line - 1] > high || sign * data[line] > high || sign * data[line + 1] > high) return false;
    }
  }
  return true;
}

/** The peak of the parabola through the neighbours, walking to another pixel while it lies there. @returns {Peak?} */
function refined(layers, column, row, layer, contrast) {
  const { width, height } = layers[0];
  for (let step = 0; step < STEPS; step++) {
    const at = row * width + column;
    const { slope, curve } = derivatives(layers, layer, at);
    const [x, y, scale] = solved(curve, slope).map((value) => -value);
    if (Math.max(Math.abs(x), Math.abs(y), Math.abs(scale)) < 0.5) {
      const value = layers[layer].data[at] + 0.5 * (slope[0] * x + slope[1] * y + slope[2] * scale);
      const response = Math.abs(value) / 255;
      if (response * LAYERS < contrast || isEdge(curve)) return null;
      return { x: column + x, y: row + y, column, row, layer, scale: layer + scale, response };
    }
    column += Math.round(x);
    row += Math.round(y);
    layer += Math.round(scale);
    const inside = Math.min(column, row, width - 1 - column, height - 1 - row) >= BORDER;
    if (!inside || !(layer >= 1 && layer <= LAYERS)) return null; // also where there is no peak: NaN
  }
  return null;
}

/** First and second derivatives, across, down and from layer to layer. */
function derivatives(layers, layer, at) {
  const { width } = layers[0];
  const before = layers[layer - 1].data;
  const here = layers[layer].data;
  const after = layers[layer + 1].data;
  const twice = 2 * here[at];
  const mixed = (one, other, step) => (one[at + step] - one[at - step] - other[at + step] + other[at - step]) / 4;
  return {
    slope: [
      (here[at + 1] - here[at - 1]) / 2,
      (here[at + width] - here[at - width]) / 2,
      (after[at] - before[at]) / 2,
    ],
    curve: {
      xx: here[at + 1] + here[at - 1] - twice,
      yy: here[at + width] + here[at - width] - twice,
      ss: after[at] + before[at] - twice,
      xy: (here[at + width + 1] - here[at + width - 1] - here[at - width + 1] + here[at - width - 1]) / 4,
      xs: mixed(after, before, 1),
      ys: mixed(after, before, width),
    },
  };
}

/** Cramer's rule for the symmetric matrix of second derivatives. Not finite where it has no inverse. */
function solved({ xx, yy, ss, xy, xs, ys }, [x, y, s]) {
  const first = yy * ss - ys * ys;
  const second = xs * ys - xy * ss;
  const third = xy * ys - xs * yy;
  const determinant = xx * first + xy * second + xs * third;
  return [
    (first * x + second * y + third * s) / determinant,
    (second * x + (xx * ss - xs * xs) * y + (xy * xs - xx * ys) * s) / determinant,
    (third * x + (xy * xs - xx * ys) * y + (xx * yy - xy * xy) * s) / determinant,
  ];
}

function isEdge({ xx, yy, xy }) {
  const trace = xx + yy;
  const determinant = xx * yy - xy * xy;
  return determinant <= 0 || trace * trace * EDGE >= (EDGE + 1) ** 2 * determinant;
}
