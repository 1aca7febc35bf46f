// One photo, hashed here and asked about: what the pages "Which of mine is this?" and "Is this photo registered?" share.

import { choosing } from "./choosing.js";
import { ready, shows } from "./engine.js";
import { post } from "./server.js";
import { known, say } from "./words.js";

// Calls `told(answer)` with what the server said of the photo's hashes; `refused(trouble)` may name other words.
export async function asking(told, refused = (trouble) => trouble.code || trouble.kind) {
  const said = document.getElementById("said");
  const hasher = await ready();
  let latest = 0;
  choosing(async ([file]) => {
    if (!file) return;
    const turn = (latest += 1);
    said.textContent = say("looking");
    told(null);
    try {
      const fingerprints = await hasher.query(file);
      const answer = await post(document.getElementById("here").dataset.ask, { fingerprints });
      if (turn === latest) said.textContent = told(answer);
    } catch (error) {
      if (turn !== latest) return;
      const name = error.kind ? refused(error) : error.code;
      said.textContent = say(known(name) ? name : "failed");
    }
  });
  shows();
}
