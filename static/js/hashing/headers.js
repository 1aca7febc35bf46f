// What the first bytes of a file say, before it is decoded: its size in pixels, so that no more is decoded than a phone
// can hold, and whether it is of a kind that few browsers decode.

export const MAX_PIXELS = 100_000_000; // as the server
export const MAX_BYTES = 250_000_000; // read whole before they are decoded: more are films
const HEADER_BYTES = 32;
const SEGMENTS = 200; // of a JPEG, before its frame header: previews and colour profiles are several

const ascii = (view, at, length) => String.fromCharCode(...new Uint8Array(view.buffer, at, length));

async function bytes(blob, at, length) {
  return new DataView(await blob.slice(at, at + length).arrayBuffer());
}

/**
 * Width and height as the file states them, before its orientation is applied; null where that is not known here
 * (AVIF, HEIC, damaged files): the decoder then says.
 * @param {Blob} blob
 * @returns {Promise<{width: number, height: number} | null>}
 */
export async function sizeOf(blob) {
  const view = await bytes(blob, 0, HEADER_BYTES);
  try {
    if (view.getUint16(0) === 0xffd8) return await jpegSize(blob);
    if (ascii(view, 1, 3) === "PNG") return { width: view.getUint32(16), height: view.getUint32(20) };
    if (ascii(view, 0, 3) === "GIF") return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (ascii(view, 8, 4) === "WEBP") return webpSize(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // shorter than its format
  }
  return null;
}

/** From one marker to the next, to the frame header (ITU-T T.81, B.2.2). */
async function jpegSize(blob) {
  for (let at = 2, number = 0; number < SEGMENTS; number++) {
    const view = await bytes(blob, at, 9);
    const marker = view.getUint16(0);
    if (marker === 0xffff) {
      at += 1; // filling
    } else if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) {
      return { width: view.getUint16(7), height: view.getUint16(5) };
    } else {
      at += 2 + view.getUint16(2);
    }
  }
  return null;
}

/** RFC 9649 */
function webpSize(view) {
  const kind = ascii(view, 12, 4);
  const word = (at) => view.getUint16(at, true);
  const side = (at) => 1 + word(at) + (view.getUint8(at + 2) << 16);
  if (kind === "VP8X") return { width: side(24), height: side(27) };
  if (kind === "VP8 ") return { width: word(26) & 0x3fff, height: word(28) & 0x3fff };
  const bits = view.getUint32(21, true);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
}

/** HEIC and its relatives (ISO/IEC 23008-12, annex B), told by their brand. @param {Blob} blob */
export async function isHeic(blob) {
  const view = await bytes(blob, 0, HEADER_BYTES);
  if (view.byteLength < 12 || ascii(view, 4, 4) !== "ftyp") return false;
  return /^(hei[cmsx]|hev[cmsx]|mif1|msf1)$/.test(ascii(view, 8, 4));
}
