// Passkeys. A form with data-passkey="create" or "get" asks the browser for one and posts what it answers in its hidden
// field `credential`. The options come from an element (data-passkey-options: its id) or an address (data-passkey-from).
// Without this module, or without a browser that knows passkeys, a sentence in the form says so and its button is hidden.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const opened = (list) => list?.map((known) => ({ ...known, id: bytes(known.id) }));

async function options(form) {
  if (form.dataset.passkeyOptions) {
    return JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent).publicKey;
  }
  const answer = await fetch(form.dataset.passkeyFrom, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return (await answer.json()).request_options.publicKey;
}

function create(form, given) {
  const alone = form.elements.passwordless?.checked;
  const publicKey = {
    ...given,
    challenge: bytes(given.challenge),
    user: { ...given.user, id: bytes(given.user.id) },
    excludeCredentials: opened(given.excludeCredentials),
    authenticatorSelection: {
      ...given.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      userVerification: alone ? "required" : "preferred",
    },
  };
  return navigator.credentials.create({ publicKey });
}

function get(form, given) {
  const publicKey = { ...given, challenge: bytes(given.challenge), allowCredentials: opened(given.allowCredentials) };
  return navigator.credentials.get({ publicKey });
}

function written(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, text(response[part])])),
  });
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button[type=button]");
    const failed = form.querySelector("[data-passkey-failed]");
    const act = { create, get }[form.dataset.passkey];
    form.querySelector("[data-passkey-missing]").hidden = true;
    button.hidden = false;
    button.addEventListener("click", async () => {
      failed.hidden = true;
      button.setAttribute("aria-disabled", "true");
      try {
        form.elements.credential.value = written(await act(form, await options(form)));
        form.submit();
      } catch {
        failed.hidden = false; // stopped by the person, or refused by the device: the browser has said which
        button.removeAttribute("aria-disabled");
      }
    });
  }
}
