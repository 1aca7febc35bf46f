// Some browsers change what a canvas gives back, against the tracking of people (Brave, Tor, private windows of some).
// A known pattern, drawn and read back in the way photos are, shows it.

import { drawn } from "./pixels.js";

const SIDE = 64;

/** Whether pixels come back as they were drawn. */
export async function canvasIsTrue() {
  const known = pattern();
  const bitmap = await createImageBitmap(new ImageData(known, SIDE, SIDE));
  try {
    const read = await drawn(bitmap, 0, 0, SIDE, SIDE);
    return read.every((value, place) => value === known[place]);
  } finally {
    bitmap.close();
  }
}

/** Every pixel another than its neighbours: what is uniform is spared by some. Opaque. */
function pattern() {
  let state = 1;
  return Uint8ClampedArray.from({ length: 4 * SIDE * SIDE }, (_, place) => {
    if (place % 4 === 3) return 255;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return state >>> 24;
  });
}
