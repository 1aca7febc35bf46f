// Photos on their way: chosen, hashed, sent. Each step is on disk before the next, so that a closed tab or a cut line
// loses nothing: what was hashed is sent later, what was not is listed to be chosen again. A photo has a random id of
// its own, under which the server registers it once, however often it is sent.

import { sending } from "./sending.js";

const SLICE = 200; // photos written at once
const FIRST_LISTED = 50;

// What tells on this device that a file is one that was chosen before. It never leaves it.
async function digestOf(file) {
  const text = new TextEncoder().encode(`${file.name}\n${file.size}\n${file.lastModified}`);
  return String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
}

const kept = ({ file, ...photo }) => [photo.id, photo]; // a file can't be kept everywhere, so none is

export class Queue extends EventTarget {
  constructor({ store, hasher, post, addresses, lanes }) {
    super();
    Object.assign(this, { store, hasher, addresses, lanes, ask: post });
    this.photos = new Map(); // by id: all that are not registered
    this.stopping = new AbortController();
    this.active = 0; // how many are being hashed
    this.running = false;
    this.paused = false;
    this.trouble = "";
    this.counts = { done: 0, pending: 0 };
    this.atStart = 0;
    this.later = new Map(); // details that are still being made, by id
  }

  changed(name = "change") {
    this.dispatchEvent(new Event(name));
  }

  of(state) {
    return [...this.photos.values()].filter((photo) => photo.state === state);
  }

  // What was closed in the midst of it: the photos that can't be read again are `lost` until they are chosen again.
  async load() {
    for (const photo of await this.store.all("photos")) {
      if (photo.state === "chosen") photo.state = "lost";
      this.photos.set(photo.id, photo);
    }
    this.paused = (await this.store.get("settings", "paused")) ?? false;
  }

  // How many of these files are new here; those that were lost are taken up again under their old ids.
  async add(files) {
    const here = new Map([...this.photos.values()].map((photo) => [photo.digest, photo]));
    let added = 0;
    for (const file of files) {
      const digest = await digestOf(file);
      const before = here.get(digest);
      if (before && !["lost", "failed"].includes(before.state)) continue;
      const photo = { ...(before ?? { id: crypto.randomUUID(), digest, name: file.name }), state: "chosen", file };
      this.photos.set(photo.id, photo);
      here.set(digest, photo);
      added += 1;
    }
    this.changed();
    return added;
  }

  // Everything chosen starts, under this choice where it has none yet.
  async start(choice, label) {
    const fresh = this.of("chosen");
    const unnamed = fresh.filter((photo) => !photo.choice);
    unnamed.forEach((photo, at) => {
      photo.choice = choice;
      photo.label = label && unnamed.length > 1 ? `${label} (${at + 1})` : label;
    });
    for (let at = 0; at < fresh.length; at += SLICE) {
      await this.store.change("photos", { put: fresh.slice(at, at + SLICE).map(kept) });
    }
    await this.go();
  }

  async go() {
    Object.assign(this, { paused: false, trouble: "" });
    await this.store.change("settings", { put: [["paused", false]] });
    while (this.active < this.lanes) {
      this.active += 1;
      this.hash().finally(() => (this.active -= 1));
    }
    this.changed("hurry");
    this.changed();
    if (this.running) return;
    Object.assign(this, { running: true, began: performance.now(), atStart: this.counts.done });
    do await sending(this);
    while (!this.paused && !this.trouble && (this.active || this.next() || this.of("hashed").length));
    this.running = false;
    this.changed(this.paused || this.trouble ? "change" : "finished");
  }

  // Those chosen that have a choice: they were started.
  next() {
    for (const photo of this.photos.values()) if (photo.state === "chosen" && photo.choice) return photo;
    return null;
  }

  async hash() {
    for (;;) {
      const photo = this.paused ? null : this.next();
      if (!photo) return;
      photo.state = "hashing";
      try {
        const { signal } = this.stopping;
        const made = await this.hasher.hash(photo.file, { wantDetails: Boolean(photo.choice.keep_details), signal });
        const { fingerprints, details, detailsLater } = made;
        Object.assign(photo, { fingerprints, details, follow: Boolean(detailsLater) });
        if (signal.aborted) return;
        photo.state = "hashed";
        await this.store.change("photos", { put: [kept(photo)] });
        if (detailsLater) this.later.set(photo.id, detailsLater.catch(() => null));
      } catch (error) {
        if (error.code === "aborted" || !this.photos.has(photo.id)) return;
        await this.fail(photo, error.code ?? "failed");
      }
      this.changed();
    }
  }

  async fail(photo, reason, text = "") {
    Object.assign(photo, { state: "failed", reason, text, file: undefined, fingerprints: undefined, details: undefined });
    await this.store.change("photos", { put: [kept(photo)] });
  }

  // What the server said of photos that were sent.
  async told(answers) {
    const registered = [];
    for (const answer of answers) {
      const photo = this.photos.get(answer.id);
      if (!photo) continue;
      if (!answer.photo) {
        await this.fail(photo, "told", answer.text);
        continue;
      }
      registered.push(photo.id);
      this.counts.done += 1;
      this.counts.pending += answer.state === "pending" ? 1 : 0;
      this.photos.delete(photo.id);
      this.dispatchEvent(new CustomEvent("registered", { detail: { photo: answer.photo, file: photo.file } }));
    }
    await this.store.change("photos", { remove: registered });
    this.changed();
  }

  async pause() {
    this.paused = true;
    this.changed("hurry");
    await this.store.change("settings", { put: [["paused", true]] });
    this.changed();
  }

  // Ends what is going on and forgets all that is not registered.
  async cancel() {
    this.stopping.abort();
    this.stopping = new AbortController();
    this.paused = this.running; // until the next start
    this.trouble = "";
    const gone = [...this.photos.keys()];
    this.photos.clear();
    this.later.clear();
    this.changed("hurry");
    await this.store.change("photos", { remove: gone });
    await this.store.change("settings", { remove: ["paused"] });
    this.changed("stopped");
  }

  // Forgets everything that this device has kept, previews and settings too.
  async wipe() {
    this.photos.clear();
    await this.store.wipe();
    this.changed();
  }

  async leaveOut(state) {
    const gone = this.of(state).map(({ id }) => id);
    gone.forEach((id) => this.photos.delete(id));
    await this.store.change("photos", { remove: gone });
    this.changed();
  }

  // Figures for the page. `left`: seconds, where they can be told.
  figures() {
    const states = { chosen: 0, started: 0, hashing: 0, hashed: 0, failed: 0, lost: 0 };
    for (const { state, choice } of this.photos.values()) states[state === "chosen" && choice ? "started" : state] += 1;
    const open = states.started + states.hashing + states.hashed;
    const done = this.counts.done - this.atStart;
    const seconds = (performance.now() - this.began) / 1000;
    const left = this.running && done > 4 && seconds > 4 ? (open / done) * seconds : null;
    return { ...states, ...this.counts, open, left, all: open + states.failed + this.counts.done };
  }

  // The names of those in a state, at most so many.
  named(state) {
    const there = this.of(state);
    return { first: there.slice(0, FIRST_LISTED), more: Math.max(0, there.length - FIRST_LISTED) };
  }
}
