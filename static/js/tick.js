// "Tick all" above a list of photos: hidden until this module is here. It says what a press would do.

const button = document.querySelector("button.tick-all");
const boxes = [...document.querySelectorAll(".listing input[name=photo]")];

if (button) {
  const label = button.textContent;
  const allTicked = () => boxes.every((box) => box.checked);
  const say = () => {
    button.textContent = allTicked() ? button.dataset.untick : label;
  };
  button.addEventListener("click", () => {
    const ticked = !allTicked();
    for (const box of boxes) box.checked = ticked;
    say();
  });
  addEventListener("change", say);
  addEventListener("pageshow", say); // Back keeps what was ticked
  button.hidden = false;
}
