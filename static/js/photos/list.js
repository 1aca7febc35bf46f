// Previews in the list of photos, where this device keeps any: drawn into the cards, and wiped with one button.

import { drawn } from "./previews.js";
import { openIfThere } from "./store.js";

const listing = document.querySelector(".listing");
const store = listing && "indexedDB" in window ? await openIfThere(listing.dataset.own) : null;
const wipe = document.getElementById("wipe");

async function show(box) {
  const blob = await store.get("previews", box.value);
  if (!blob) return;
  box.closest("article").append(await drawn(blob));
  wipe.parentElement.hidden = false;
}

if (store) {
  wipe.addEventListener("click", async () => {
    await store.change("previews", { remove: await store.keys("previews") });
    await store.change("settings", { remove: ["previews"] });
    for (const canvas of document.querySelectorAll("canvas.preview")) canvas.remove();
    wipe.parentElement.hidden = true;
    document.getElementById("main").focus();
  });
  for (const box of listing.querySelectorAll("input[name=photo]")) show(box);
}
