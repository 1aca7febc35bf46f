// Copy buttons of code samples: hidden until there is a clipboard to write to. What happened is said in the button.

for (const button of document.querySelectorAll("button[data-copies]")) {
  const sample = document.getElementById(button.dataset.copies);
  if (!sample || !navigator.clipboard) continue;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(sample.textContent);
      button.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(sample); // refused: what is selected can still be copied by hand
      button.textContent = button.dataset.selected;
    }
    setTimeout(() => (button.textContent = label), 3000);
  });
}
