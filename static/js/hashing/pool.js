// Workers, and the photos that wait for them. A worker has one photo at a time; one that dies is replaced and its photo
// tried once more; so many pixels are decoded at a time as a phone can hold.

import { HashingError } from "./errors.js";

const MAX_WORKERS = 4;
const PIXELS_AT_A_TIME = 50_000_000; // decoded, 4 bytes each
const PATIENCE = 120; // seconds without a word, while the page is awake: a phone that sleeps is not a worker that died
const ATTEMPTS = 2;

const ADDRESS = new URL("worker.js", import.meta.url).href;
// The pages' policy lets no text become a script; this one address may.
const policy = globalThis.trustedTypes?.createPolicy("veto-hashing", { createScriptURL: () => ADDRESS });

/** How many a device should have: one for each core but the page's, few where memory is short. */
export function usualWorkers() {
  const cores = navigator.hardwareConcurrency ?? 2;
  const memory = navigator.deviceMemory ?? 4; // GB, of which browsers tell at most 8
  return Math.max(1, Math.min(MAX_WORKERS, cores, Math.floor(memory)));
}

/**
 * @typedef {object} Job
 * @property {object} message  for the worker
 * @property {number} [pixels]  that it decodes
 * @property {AbortSignal} [signal]
 * @property {(fingerprint: object) => void} [onFingerprint]  told before the rest is done
 */
export class Pool {
  #waiting = [];
  #idle = [];
  #busy = new Map(); // worker → entry
  #room;
  #start;

  /** @param {object} start  what every worker is told first @param {number} workers  at most */
  constructor(start, workers) {
    this.#start = start;
    this.#room = workers;
  }

  /**
   * @param {Job} job
   * @returns {Promise<any>} what the worker answers
   * @throws {HashingError}
   */
  run(job) {
    return new Promise((resolve, reject) => {
      const entry = { pixels: 0, ...job, resolve, reject, attempts: 0 };
      if (job.signal?.aborted) return reject(new HashingError("aborted"));
      job.signal?.addEventListener("abort", () => this.#abort(entry), { once: true });
      this.#waiting.push(entry);
      this.#next();
    });
  }

  /** Everything ends; what waits is rejected as aborted. */
  close() {
    const left = [...this.#waiting, ...this.#busy.values()];
    for (const worker of [...this.#idle, ...this.#busy.keys()]) worker.terminate();
    this.#waiting = [];
    this.#idle = [];
    this.#busy.clear();
    for (const entry of left) {
      clearInterval(entry.timer);
      entry.reject(new HashingError("aborted"));
    }
  }

  #abort(entry) {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    entry.reject(new HashingError("aborted")); // a worker that is at it goes on: starting another costs more
  }

  #next() {
    const entry = this.#waiting[0];
    if (!entry || this.#busy.size >= this.#room || !this.#fits(entry)) return;
    this.#waiting.shift();
    const worker = this.#idle.pop() ?? this.#started();
    this.#busy.set(worker, entry);
    entry.attempts += 1;
    this.#watch(worker, entry);
    worker.postMessage(entry.message);
    this.#next();
  }

  #fits({ pixels }) {
    const held = [...this.#busy.values()].reduce((sum, other) => sum + other.pixels, 0);
    return held === 0 || held + pixels <= PIXELS_AT_A_TIME;
  }

  #started() {
    const worker = new Worker(policy ? policy.createScriptURL("") : ADDRESS, { type: "module", name: "hashing" });
    worker.onmessage = ({ data }) => this.#heard(worker, data);
    worker.onerror = () => this.#died(worker);
    worker.postMessage({ start: this.#start });
    return worker;
  }

  #watch(worker, entry) {
    clearInterval(entry.timer);
    let seconds = 0;
    entry.timer = setInterval(() => {
      seconds += 1;
      if (seconds > PATIENCE) this.#died(worker);
    }, 1000);
  }

  #heard(worker, { fingerprint, done, failed }) {
    const entry = this.#busy.get(worker);
    if (fingerprint) {
      entry.onFingerprint?.(fingerprint);
      return this.#watch(worker, entry);
    }
    this.#busy.delete(worker);
    this.#idle.push(worker);
    clearInterval(entry.timer);
    if (failed) entry.reject(new HashingError(failed));
    else entry.resolve(done);
    this.#next();
  }

  #died(worker) {
    const entry = this.#busy.get(worker);
    worker.terminate();
    this.#busy.delete(worker);
    this.#idle = this.#idle.filter((other) => other !== worker);
    if (!entry) return;
    clearInterval(entry.timer);
    if (entry.attempts < ATTEMPTS && !entry.signal?.aborted) this.#waiting.unshift(entry);
    else entry.reject(new HashingError("undecodable"));
    this.#next();
  }
}
