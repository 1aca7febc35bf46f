// Pixels of a decoded picture, part by part: phones limit the area of a canvas, and the size of a texture.

/** A megapixel: every browser makes such a canvas, and what is read of it does not fill a phone's memory. */
export const PART_WIDTH = 2048;
export const PART_HEIGHT = 512;

/**
 * RGBA of a part of a picture, 4 × width × height bytes.
 * @typedef {(bitmap: ImageBitmap, x: number, y: number, width: number, height: number) =>
 *   Promise<Uint8Array | Uint8ClampedArray>} Reader
 */

let canvas;

/** What a canvas shows. Where a picture is transparent, a canvas loses some of its colours or all. @type {Reader} */
export async function drawn(bitmap, x, y, width, height) {
  canvas ??= surface().getContext("2d", { willReadFrequently: true });
  canvas.globalCompositeOperation = "copy";
  canvas.imageSmoothingEnabled = false;
  canvas.drawImage(bitmap, x, y, width, height, 0, 0, width, height);
  return canvas.getImageData(0, 0, width, height, { colorSpace: "srgb" }).data;
}

let gl;

/** What is stored, also under transparency: as a texture, which mixes nothing. @type {Reader} */
export async function stored(bitmap, x, y, width, height) {
  gl ??= textures();
  if (!gl) return drawn(bitmap, x, y, width, height);
  const part = await createImageBitmap(bitmap, x, y, width, height, { premultiplyAlpha: "none" });
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, part);
  part.close();
  const rgba = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  if (!gl.getError() && !gl.isContextLost()) return rgba;
  gl = null;
  return drawn(bitmap, x, y, width, height);
}

function textures() {
  const context = surface().getContext("webgl");
  if (!context) return null;
  const { TEXTURE_2D, FRAMEBUFFER, COLOR_ATTACHMENT0 } = context;
  const texture = context.createTexture();
  context.bindTexture(TEXTURE_2D, texture);
  context.bindFramebuffer(FRAMEBUFFER, context.createFramebuffer());
  context.framebufferTexture2D(FRAMEBUFFER, COLOR_ATTACHMENT0, TEXTURE_2D, texture, 0);
  return context;
}

/** A canvas that needs no page, where there is one. */
function surface() {
  const sides = { width: PART_WIDTH, height: PART_HEIGHT };
  if (typeof OffscreenCanvas === "undefined") return Object.assign(document.createElement("canvas"), sides);
  return new OffscreenCanvas(sides.width, sides.height);
}
