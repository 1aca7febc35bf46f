// How far it is, for eyes and for ears. Numbers change as often as they like; what is read out, seldom.

import { known, say } from "./words.js";

const SAID_EVERY_MS = 10_000;

const place = (id) => document.getElementById(id);

function timeLeft(seconds) {
  if (seconds === null) return "";
  return seconds < 60 ? say("moment") : say("minutes", { number: Math.ceil(seconds / 60) });
}

function summary({ done, failed, pending }) {
  const said = [failed ? say("all-done", { done, failed }) : say("all-well", { done })];
  if (pending) said.push(say("waiting", { number: pending }));
  return said.join(" ");
}

const reason = ({ reason: why, text }) => text || say(known(why) ? why : "failed");

function list(section, { first, more }, words) {
  section.hidden = !first.length;
  const lines = first.map((photo) => {
    const line = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = photo.name;
    line.append(name, words(photo));
    return line;
  });
  if (more) {
    const line = document.createElement("li");
    line.textContent = say("more", { number: more });
    lines.push(line);
  }
  section.querySelector("ul").replaceChildren(...lines);
}

export class Showing {
  constructor(queue) {
    this.queue = queue;
    this.saidAt = 0;
    this.due = false;
  }

  // However often something changes, it is drawn at most once for each frame.
  later() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.now();
    });
  }

  now() {
    const { queue } = this;
    const figures = queue.figures();
    const chosen = figures.chosen + figures.started;
    place("going").hidden = !(queue.running || figures.open);
    place("choice").hidden = queue.running || (figures.open > 0 && !figures.lost && !figures.chosen);
    place("chosen").textContent = chosen ? say("chosen", { number: chosen }) : "";
    place("start").setAttribute("aria-disabled", String(!chosen));
    if (chosen) place("start-first").hidden = true;
    this.progress(figures);
    list(place("again"), queue.named("lost"), () => "");
    list(place("failed"), queue.named("failed"), (photo) => ` – ${reason(photo)}`);
    if (figures.failed && !queue.running) place("done").hidden = false;
  }

  progress(figures) {
    const { queue } = this;
    const finished = figures.all - figures.open;
    Object.assign(place("bar"), { max: figures.all || 1, value: finished + figures.hashed / 2 });
    const going = figures.started + figures.hashing ? "working" : "sending";
    place("doing").textContent = queue.paused ? say("paused") : say(going);
    const counted = say("progress", { done: finished, all: figures.all });
    place("counted").textContent = [counted, timeLeft(figures.left)].filter(Boolean).join(", ");
    const trouble = queue.trouble ? say(queue.trouble) : "";
    if (place("trouble").textContent !== trouble) place("trouble").textContent = trouble;
    place("pause").textContent = say(queue.running && !queue.paused ? "pause" : "resume");
    const now = performance.now();
    if (queue.running && now - this.saidAt > SAID_EVERY_MS) {
      this.saidAt = now;
      place("said").textContent = place("counted").textContent;
    }
  }

  // What is said at the end has the focus, so that it is read out, and keys go on from there.
  finished() {
    const figures = this.queue.figures();
    place("done").hidden = false;
    place("done-said").textContent = summary(figures);
    this.now();
    place("done").focus();
  }

  stopped() {
    place("done").hidden = false;
    place("done-said").textContent = say("stopped", { done: this.queue.counts.done });
    this.now();
    place("done").focus();
  }
}
