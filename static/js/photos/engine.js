// The engine that makes hashes, once it is known that this browser makes the right ones.

const able = () =>
  isSecureContext && "indexedDB" in window && "Worker" in window && "createImageBitmap" in window && "randomUUID" in crypto;

// Hashes under every profile that the server knows: under one alone a photo would not be found by all who ask, nor be
// known again by what was registered before. While there is one profile, that is the hasher itself.
function underAll(createHasher, { profile, older, details }) {
  const [first, ...others] = [createHasher({ profile, details }), ...older.map((each) => createHasher({ profile: each }))];
  return {
    async hash(photo, { wantDetails, signal }) {
      const { fingerprint, ...rest } = await first.hash(photo, { wantDetails, signal });
      const fingerprints = [fingerprint];
      for (const other of others) fingerprints.push((await other.hash(photo, { signal })).fingerprint);
      return { fingerprints, ...rest };
    },
    query: (photo) => Promise.all([first, ...others].map((hasher) => hasher.query(photo))),
  };
}

// {hasher}, or {why}: "old" or "randomised", a data attribute of #why.
export async function engine(address) {
  if (!able()) return { why: "old" };
  const { createHasher, selfTest } = await import("../hashing/index.js"); // which older browsers can't even read
  const { ok, reason } = await selfTest();
  if (!ok) return { why: reason === "canvas-randomised" ? "randomised" : "old" };
  return { hasher: underAll(createHasher, await (await fetch(address)).json()) };
}

// Resolves to the engine's hasher, or says why there can be none and never does.
export async function ready() {
  const why = document.getElementById("why");
  let found;
  try {
    found = await engine(document.getElementById("here").dataset.definitions);
  } catch {
    found = { why: "old" };
  }
  if (found.why) {
    why.textContent = why.dataset[found.why];
    return new Promise(() => {});
  }
  return found.hasher;
}

// The page's part that needs the engine. Shown only when all of it listens: what is chosen before that would be lost.
export function shows() {
  document.getElementById("otherwise").hidden = true;
  document.getElementById("here").hidden = false;
}
