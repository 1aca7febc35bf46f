// The eight orientations of a picture, under the names and with the directions of the PDQ reference.

/**
 * How each follows from the upright picture: transposed first where `turned`; then `rows` and `columns` say whose order
 * is turned round, which in frequencies is a change of sign in every second one.
 * @type {Record<string, {turned: boolean, rows: boolean, columns: boolean}>}
 */
export const ORIENTATIONS = {
  original: { turned: false, rows: false, columns: false },
  rotate90: { turned: true, rows: true, columns: false },
  rotate180: { turned: false, rows: true, columns: true },
  rotate270: { turned: true, rows: false, columns: true },
  flipx: { turned: false, rows: true, columns: false },
  flipy: { turned: false, rows: false, columns: true },
  transpose: { turned: true, rows: false, columns: false },
  transverse: { turned: true, rows: true, columns: true },
};
