// One photo at a time, away from the page. It is told the profiles once, then asked for one thing after another.

import { storedDetails } from "./details.js";
import { HashingError } from "./errors.js";
import { fingerprintOf, queryOf } from "./hashes.js";
import { canvasIsTrue } from "./pattern.js";
import { pictures } from "./pictures.js";

const TASKS = { hash, query, check: async () => typeof OffscreenCanvas === "undefined" || canvasIsTrue() };
let profiles;
let canvasTrue;

self.onmessage = async ({ data: { start, ...job } }) => {
  if (start) {
    profiles = start;
    return;
  }
  try {
    self.postMessage({ done: await TASKS[job.task](job) });
  } catch (error) {
    if (!(error instanceof HashingError)) throw error; // a fault of ours: the pool sees it
    self.postMessage({ failed: error.code });
  }
};
// A promise that fails is no event of the worker's for the page.
self.onunhandledrejection = ({ reason }) => self.reportError(reason);

async function hash({ blob, canonical, wantDetails }) {
  const of = canonical ?? (await decoded(blob));
  self.postMessage({ fingerprint: fingerprintOf(of, profiles.profile) });
  const details = wantDetails && storedDetails(of, profiles.details);
  return details ? btoa(String.fromCharCode(...details)) : null; // 16 kB at most
}

async function query({ blob, canonical }) {
  return queryOf(canonical ?? (await decoded(blob)), profiles.profile);
}

async function decoded(blob) {
  canvasTrue ??= await canvasIsTrue();
  if (!canvasTrue) throw new HashingError("canvas-randomised");
  return pictures(blob, profiles.profile.canonical_pixels.longest_side);
}
