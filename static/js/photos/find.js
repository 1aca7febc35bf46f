// Which of mine is this?

import { asking } from "./asking.js";
import { say } from "./words.js";

const found = document.getElementById("found");
const pattern = document.getElementById("card").content;

function shown({ label, href, uses, state, state_text: words }) {
  const card = pattern.cloneNode(true);
  const link = card.querySelector("a");
  Object.assign(link, { href, textContent: label });
  card.querySelector("article > p").textContent = uses;
  const said = card.querySelector(".state");
  said.textContent = words;
  if (state !== "in-force") {
    said.classList.add(`state-${state}`);
    card.querySelector(".seal").classList.add(`seal-${state}`);
  }
  return card;
}

asking((answer) => {
  const photos = answer?.photos ?? [];
  found.replaceChildren(...photos.map(shown));
  return answer && say(["nothing", "one"][photos.length] ?? "several");
});
