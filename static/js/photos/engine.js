// The engine that makes hashes, once it is known that this browser makes the right ones.

const able = () =>
  isSecureContext && "indexedDB" in window && "Worker" in window && "createImageBitmap" in window && "randomUUID" in crypto;

// {hasher}, or {why}: "old" or "randomised", a data attribute of #why.
export async function engine(address) {
  if (!able()) return { why: "old" };
  const { createHasher, selfTest } = await import("../hashing/index.js"); // which older browsers can't even read
  const { ok, reason } = await selfTest();
  if (!ok) return { why: reason === "canvas-randomised" ? "randomised" : "old" };
  const definitions = await (await fetch(address)).json();
  return { hasher: createHasher(definitions) };
}

// Shows the page's part that needs the engine, or says why it can't be. Resolves to the engine's hasher, or never.
export async function ready() {
  const here = document.getElementById("here");
  const why = document.getElementById("why");
  let found;
  try {
    found = await engine(here.dataset.definitions);
  } catch {
    found = { why: "old" };
  }
  if (found.why) {
    why.textContent = why.dataset[found.why];
    return new Promise(() => {});
  }
  document.getElementById("otherwise").hidden = true;
  here.hidden = false;
  return found.hasher;
}
