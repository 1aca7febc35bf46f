// Fingerprints of photos, made on the device: what the pages use. No pixel leaves the browser.

import { HashingError } from "./errors.js";
import { sizeOf } from "./headers.js";
import { canvasIsTrue } from "./pattern.js";
import { pictures } from "./pictures.js";
import { Pool, usualWorkers } from "./pool.js";

/**
 * @typedef {import("./hashes.js").Fingerprint} Fingerprint
 * @typedef {{fingerprint: Fingerprint, details: string | null, detailsLater?: Promise<string | null>}} Hashed
 *   details: base64, packed; null where there are none, or where they come later
 */

const USUAL_PIXELS = 24_000_000; // of a file whose header is not read here
const DETAILS_WITHIN = 1500; // ms after the fingerprint: later ones come on their own

// Without it a worker cannot read pixels: then the page does, a strip at a time.
const IN_WORKER = typeof OffscreenCanvas !== "undefined";

/**
 * Whether photos can be hashed here.
 * @returns {Promise<{ok: boolean, reason?: "canvas-randomised" | "unsupported"}>}
 */
export async function selfTest() {
  const pool = new Pool({}, 1);
  try {
    const asked = await Promise.all([IN_WORKER || canvasIsTrue(), pool.run({ message: { task: "check" } })]);
    return asked.every(Boolean) ? { ok: true } : { ok: false, reason: "canvas-randomised" };
  } catch {
    return { ok: false, reason: "unsupported" }; // no module worker, no createImageBitmap
  } finally {
    pool.close();
  }
}

/**
 * @param {object} options
 * @param {object} options.profile  of frame hashes, as the server serves it
 * @param {object} [options.details]  profile of details, as the server serves it
 * @param {number} [options.workers]  at most
 */
export function createHasher({ profile, details, workers = usualWorkers() }) {
  return new Hasher(profile, new Pool({ profile, details }, workers));
}

class Hasher {
  #profile;
  #pool;
  #reading = Promise.resolve();

  constructor(profile, pool) {
    this.#profile = profile;
    this.#pool = pool;
  }

  /**
   * What is stored of a photo. `details` are null and come with `detailsLater` where this device takes long for them.
   * @param {Blob} blob
   * @param {{wantDetails?: boolean, signal?: AbortSignal}} [options]
   * @returns {Promise<Hashed>}
   * @throws {HashingError}
   */
  async hash(blob, { wantDetails = false, signal } = {}) {
    const job = await this.#job("hash", blob, signal);
    job.message.wantDetails = wantDetails;
    let details;
    const fingerprint = await new Promise((resolve, reject) => {
      details = this.#pool.run({ ...job, onFingerprint: resolve });
      details.catch(reject);
    });
    // What fails from here on is the details: the hashes are worth having without them.
    const detailsLater = details.catch((error) => {
      if (error.code === "aborted") throw error;
      return null;
    });
    const soon = await Promise.race([detailsLater, new Promise((resolve) => setTimeout(resolve, DETAILS_WITHIN))]);
    return soon === undefined ? { fingerprint, details: null, detailsLater } : { fingerprint, details: soon };
  }

  /**
   * What is asked of an image.
   * @param {Blob} blob
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Fingerprint>}
   * @throws {HashingError}
   */
  async query(blob, { signal } = {}) {
    return this.#pool.run(await this.#job("query", blob, signal));
  }

  /** Ends the workers; what is under way is rejected as aborted. */
  close() {
    this.#pool.close();
  }

  /** @returns {Promise<import("./pool.js").Job>} */
  async #job(task, blob, signal) {
    if (IN_WORKER) {
      const size = await sizeOf(blob).catch(() => null);
      return { message: { task, blob }, pixels: size ? size.width * size.height : USUAL_PIXELS, signal };
    }
    return { message: { task, canonical: await this.#readHere(blob, signal) }, signal };
  }

  /** One at a time: the picture is held by the page. */
  #readHere(blob, signal) {
    const read = this.#reading.then(async () => {
      if (signal?.aborted) throw new HashingError("aborted");
      if (!(await canvasIsTrue())) throw new HashingError("canvas-randomised");
      return pictures(blob, this.#profile.canonical_pixels.longest_side, () => new Promise((next) => setTimeout(next)));
    });
    this.#reading = read.catch(() => {});
    return read;
  }
}
