// Photos as people hand them over: files, a folder, dropped, pasted.

const PHOTO = /^image\/(?!svg)/;
const UNTYPED = /\.(heic|heif|avif|jxl)$/i; // systems that know no type for these say none

const isPhoto = (file) => (PHOTO.test(file.type) || (!file.type && UNTYPED.test(file.name))) && !file.name.startsWith(".");

const entries = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

async function within(entry) {
  if (entry.isFile) return [await fileOf(entry)];
  const reader = entry.createReader();
  const found = [];
  for (let some = await entries(reader); some.length; some = await entries(reader)) {
    for (const each of some) found.push(...(await within(each)));
  }
  return found;
}

async function dropped(data) {
  // All of them before anything is awaited: the list is empty afterwards.
  const there = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
  const files = [...data.files];
  if (!there.some((entry) => entry?.isDirectory)) return files;
  const found = [];
  for (const entry of there.filter(Boolean)) found.push(...(await within(entry)).filter(isPhoto));
  return found;
}

// Calls `take(files)`. What was named one by one is taken as it is; of a folder only what is a photo.
export function choosing(take) {
  const place = document.getElementById("drop");
  const picked = (input, wanted) => {
    input.addEventListener("change", () => {
      const files = [...input.files].filter(wanted);
      input.value = ""; // so that the same can be chosen again
      take(files);
    });
  };
  picked(document.getElementById("files"), () => true);
  const folder = document.getElementById("folder");
  if (folder && "webkitdirectory" in folder) {
    folder.parentElement.hidden = false;
    picked(folder, isPhoto);
  }
  const over = (event, on) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    place.classList.toggle("drop-over", on);
  };
  document.addEventListener("dragover", (event) => over(event, true));
  document.addEventListener("dragleave", (event) => over(event, false));
  document.addEventListener("drop", async (event) => {
    over(event, false);
    if (event.dataTransfer.files.length) take(await dropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files].filter(isPhoto);
    if (files.length) take(files);
  });
}
