// A form is sent once: a second click while the first is on its way does nothing. The buttons stay enabled, so that the
// one that was pressed is among the data. Coming back by the Back button makes the form ready again (the first showing
// does not: a form may be sent before all of its page is there), and so does a while: an answer that is a download leaves
// the page where it is, and who stops the page may send again. Files take longer, and meanwhile the form says so
// (data-sending). The server never relies on this.

const FORGOTTEN_AFTER_MS = 8_000;
const FILES_FORGOTTEN_AFTER_MS = 120_000;

const sent = new WeakSet();

function makeReady(form) {
  sent.delete(form);
  form.removeAttribute("aria-busy");
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  for (const said of form.querySelectorAll("[data-sending]")) said.textContent = "";
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  form.setAttribute("aria-busy", "true");
  event.submitter?.setAttribute("aria-disabled", "true");
  for (const said of form.querySelectorAll("[data-sending]")) said.textContent = said.dataset.sending;
  const files = form.enctype === "multipart/form-data";
  setTimeout(() => makeReady(form), files ? FILES_FORGOTTEN_AFTER_MS : FORGOTTEN_AFTER_MS);
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) makeReady(form);
});
