// Is this photo registered?

import { asking } from "./asking.js";
import { say } from "./words.js";

const instead = { 429: "enough", 503: "unknown" };

asking(
  (answer) => answer && say(answer.registered ? "registered" : "not-registered"),
  (trouble) => instead[trouble.status] ?? (trouble.code || trouble.kind),
);
