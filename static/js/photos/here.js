// Photos that never leave the device: chosen, hashed here, sent as hashes; paused, resumed, stopped.

import { choosing } from "./choosing.js";
import { ready, shows } from "./engine.js";
import { preview } from "./previews.js";
import { Queue } from "./queue.js";
import { post } from "./server.js";
import { Showing } from "./showing.js";
import { open } from "./store.js";
import { say } from "./words.js";

const LANES = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1));

const place = (id) => document.getElementById(id);
const { own, send, details } = place("here").dataset;

// One tab at a time has the queue; the lock is gone with the tab.
function alone() {
  return new Promise((resolve) => {
    navigator.locks.request(`adding-${own}`, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : null;
    });
  });
}

function choice() {
  const given = new FormData(place("choice"));
  return {
    whose: given.get("whose"),
    preset: given.get("preset"),
    uses: given.getAll("uses"),
    keep_details: given.has("keep_details"),
  };
}

const hasher = await ready();
const store = await open(own);
if (!(await alone())) {
  place("why").textContent = say("other-tab");
} else {
  const queue = new Queue({ store, hasher, post, addresses: { send, details }, lanes: LANES });
  const showing = new Showing(queue);
  for (const name of ["change", "finished", "stopped"]) {
    queue.addEventListener(name, () => (name === "change" ? showing.later() : showing[name]()));
  }
  queue.addEventListener("registered", async ({ detail: { photo, file } }) => {
    if (!place("previews").checked || !file) return;
    const small = await preview(file).catch(() => null); // a preview is no reason to fail
    if (small) await store.change("previews", { put: [[photo, small]] });
  });

  choosing(async (files) => {
    if (queue.running) return;
    place("chosen").textContent = say("choosing");
    const added = await queue.add(files);
    if (!added) place("chosen").textContent = say(files.length ? "known" : "none");
  });
  place("choice").addEventListener("submit", (event) => {
    event.preventDefault();
    const { chosen, started } = queue.figures();
    if (!chosen && !started) {
      place("start-first").hidden = false;
      place("files").focus();
      return;
    }
    place("done").hidden = true;
    queue.start(choice(), new FormData(place("choice")).get("label").trim());
    showing.now();
    place("going").focus();
  });
  place("pause").addEventListener("click", () => (queue.running && !queue.paused ? queue.pause() : queue.go()));
  place("cancel").addEventListener("click", () => queue.cancel());
  place("leave-out").addEventListener("click", async () => {
    await queue.leaveOut("lost");
    place("files").focus();
  });
  place("previews").addEventListener("change", ({ target }) =>
    store.change("settings", { put: [["previews", target.checked]] }),
  );
  place("wipe").addEventListener("click", async () => {
    await queue.wipe();
    place("previews").checked = false;
    place("wiped").textContent = say("wiped");
  });

  place("previews").checked = (await store.get("settings", "previews")) ?? false;
  await queue.load();
  shows();
  showing.now();
  if (queue.of("hashed").length && !queue.paused) queue.go();
}
