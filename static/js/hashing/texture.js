// The dhash of a view, which confirms what its PDQ code found: bit for bit what `imagehash.dhash(…, 16)` gives for
// the view averaged to 17 × 16.

import { eightBits } from "./area.js";
import { ORIENTATIONS } from "./orientations.js";

const SIDE = 16;
const WIDE = SIDE + 1;

/**
 * What the texture of a view is made of. It compares neighbours in a row, so a quarter turn needs averages of its own.
 * @param {import("./area.js").SummedArea} table
 * @param {import("./area.js").Rectangle} rectangle
 */
export function levels(table, rectangle) {
  const upright = eightBits(table.block(rectangle, SIDE, WIDE));
  const lying = eightBits(table.block(rectangle, WIDE, SIDE));
  return {
    upright,
    turned: lying.map((_, place) => lying[(place % WIDE) * SIDE + Math.floor(place / WIDE)]),
  };
}

/**
 * @param {ReturnType<typeof levels>} from
 * @param {string} orientation
 * @returns {Uint8Array} 32 bytes: 16 rows of 16 bits, the most significant first
 */
export function texture(from, orientation) {
  const { turned, rows, columns } = ORIENTATIONS[orientation];
  const grey = turned ? from.turned : from.upright;
  const at = (row, column) => grey[(rows ? SIDE - 1 - row : row) * WIDE + (columns ? WIDE - 1 - column : column)];
  const bits = new Uint8Array((SIDE * SIDE) / 8);
  for (let place = 0; place < SIDE * SIDE; place++) {
    const row = place >> 4;
    const column = place & 15;
    if (at(row, column + 1) > at(row, column)) bits[place >> 3] |= 128 >> (place & 7);
  }
  return bits;
}
