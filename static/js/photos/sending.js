// Sends what is hashed, in pieces; again and again where the line is cut or the server busy, later each time.

const MOST = 20; // as the server takes at once
const FULLER_MS = 400; // while hashing goes on, a piece may wait so long to become a full one
const FIRST_WAIT_S = 1;
const LONGEST_WAIT_S = 60;

const rest = (ms) => new Promise((go) => setTimeout(go, ms));

// Until the time is over, the line is back, or the person has pressed something.
const pause = (queue, seconds) =>
  new Promise((go) => {
    setTimeout(go, seconds * 1000);
    addEventListener("online", go, { once: true });
    queue.addEventListener("hurry", go, { once: true });
  });

const asSent = ({ id, label, fingerprints, details, follow }) => ({
  id,
  label: label ?? "",
  fingerprints,
  details: details ?? null,
  details_follow: Boolean(follow),
});

// Photos that can go together: those of the same choice as the first.
function piece(queue) {
  const [first, ...others] = queue.of("hashed");
  if (!first) return null;
  const choice = JSON.stringify(first.choice);
  return [first, ...others.filter((photo) => JSON.stringify(photo.choice) === choice)].slice(0, MOST);
}

async function persist(queue, address, body) {
  for (let wait = FIRST_WAIT_S; !queue.paused; wait = Math.min(2 * wait, LONGEST_WAIT_S)) {
    try {
      const said = await queue.ask(address, body);
      queue.trouble = "";
      return said;
    } catch (trouble) {
      if (!trouble.kind) throw trouble;
      queue.trouble = trouble.kind;
      queue.changed();
      if (!["offline", "busy"].includes(trouble.kind)) return null;
      await pause(queue, Math.max(wait, trouble.after));
    }
  }
  return null;
}

async function details(queue) {
  for (const [id, later] of queue.later) {
    if (queue.photos.has(id)) continue;
    const body = { photos: [{ id, details: await later }] };
    if (!(await persist(queue, queue.addresses.details, body))) return;
    queue.later.delete(id);
  }
}

export async function sending(queue) {
  while (!queue.paused) {
    if (queue.active && queue.of("hashed").length < MOST) await rest(FULLER_MS);
    const photos = piece(queue);
    if (!photos && !queue.active) break;
    if (!photos) continue;
    const said = await persist(queue, queue.addresses.send, { choice: photos[0].choice, photos: photos.map(asSent) });
    if (!said) return;
    await queue.told(said.photos);
  }
  await details(queue);
}
