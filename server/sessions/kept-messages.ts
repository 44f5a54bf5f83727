/** What a kept session said, out of a file that somebody else may have written: only what can have been said is gone on with. */
import { Hello, type Open } from "../../proto/gen/icrl/v1/environment.js";
import { checkHello } from "./checked-request.js";
import { decodeRequest } from "./decode-request.js";
import type { KeptSession } from "./kept-sessions.js";
import type { Limits } from "./limits.js";
import type { TrialsLeft } from "./trials-left.js";

/** Its hello, and what it asked for last; undefined where that is no such thing, or what is left is not of it. */
export function keptMessages(
  { hello: bytes, open: asked, left }: KeptSession,
  limits: Limits,
): { readonly hello: Hello; readonly open: Open | undefined } | undefined {
  try {
    if (bytes.length > limits.maxHelloBytes) return undefined;
    const hello = Hello.decode(bytes);
    checkHello(hello);
    if (asked === undefined) return left === undefined ? { hello, open: undefined } : undefined;
    const message = decodeRequest(asked, limits);
    if (message.$case !== "open" || (left !== undefined && !isLeftOf(message.value, left))) return undefined;
    return { hello, open: message.value };
  } catch {
    return undefined;
  }
}

/** Whether no more was handed out than there is, and no more came back than was handed out. */
function isLeftOf({ trials, numEnvs, envSeeds }: Open, left: TrialsLeft): boolean {
  const series = Math.max(1, envSeeds.length);
  const ofEach = trials / BigInt(series);
  const taken = left.taken.reduce((sum, count) => sum + count, 0n);
  return (
    left.taken.length <= series &&
    left.taken.every((count) => count <= ofEach) &&
    left.again.every(({ env }) => env < numEnvs) &&
    BigInt(left.again.length + left.completeTrials + left.incompleteTrials) <= taken
  );
}
