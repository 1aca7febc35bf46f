// Why a photo has no fingerprint. The pages say it in words.

/**
 * @typedef {"undecodable" | "heic-unsupported" | "too-large" | "low-quality" | "canvas-randomised" | "aborted"} Code
 */
export class HashingError extends Error {
  /** @param {Code} code */
  constructor(code) {
    super(code);
    this.name = "HashingError";
    this.code = code;
  }
}
