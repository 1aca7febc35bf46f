// The few questions that pages of photos ask the server: JSON, with the session and the page's token.

// `kind`: offline, busy (`after`: seconds), signed-out, refused.
export class Trouble extends Error {
  constructor(kind, { status = 0, after = 0, code = "" } = {}) {
    super(kind);
    Object.assign(this, { kind, status, after, code });
  }
}

const token = () => document.querySelector("#here [name=csrfmiddlewaretoken]").value;

export async function post(address, body) {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify(body),
      redirect: "manual", // a log-in page is no answer
    });
  } catch {
    throw new Trouble("offline");
  }
  const { status } = answer;
  if (answer.type === "opaqueredirect" || status === 403) throw new Trouble("signed-out", { status });
  if (status === 429 || status >= 500) {
    throw new Trouble("busy", { status, after: Number(answer.headers.get("Retry-After")) || 0 });
  }
  try {
    const said = await answer.json();
    if (answer.ok) return said;
    throw new Trouble("refused", { status, code: said.code });
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble("offline"); // cut in the midst of the answer
  }
}
