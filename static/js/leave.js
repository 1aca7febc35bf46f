// Quick exit. Without this module the button posts its form, and the answer leads away; with it the page is gone at
// once, its history entry is replaced, and Escape pressed three times within two seconds does the same.

const PRESSES = 3;
const WITHIN_MS = 2000;

const form = document.querySelector("form.quit");

function leave() {
  document.title = "";
  document.body.hidden = true;
  navigator.sendBeacon(form.action); // ends the session, even though this page is going away
  location.replace(form.dataset.to);
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });

  let pressed = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      pressed = [];
      return;
    }
    pressed = [...pressed, event.timeStamp].filter((at) => event.timeStamp - at < WITHIN_MS);
    if (pressed.length >= PRESSES) leave();
  });
}
