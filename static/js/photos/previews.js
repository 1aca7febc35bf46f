// Small previews, on this device alone: off until they are wished for, wiped with one button.

const SIDE = 160; // pixels of the longer side

export async function preview(file) {
  const whole = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(whole.width * scale));
  canvas.height = Math.max(1, Math.round(whole.height * scale));
  canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
}

// Drawn rather than shown as an image: the page's policy lets in no picture that is not the server's.
export async function drawn(blob) {
  const small = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: small.width, height: small.height, className: "preview" });
  canvas.setAttribute("aria-hidden", "true");
  canvas.getContext("2d").drawImage(small, 0, 0);
  return canvas;
}
