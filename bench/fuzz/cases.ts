/** What a fuzzing plays. Case i is a function of the seed and i, and of nothing else. */
import { keyFromSeed, Rng } from "../../common/rng.js";
import type { Case } from "./case.js";
import { METHODS, PLAY, PROCESS } from "./contract.js";
import { drawFrames } from "./frames.js";
import { drawPlay } from "./play-cases.js";
import { GOOD } from "./requests.js";
import { drawBytes, pick } from "./values.js";
import { damaged, drawnMessage, mutated, nestedStruct, written } from "./wire.js";
import { drawWorld } from "./world-cases.js";

/** Methods of the standard services, which are not in the contract's descriptors, and some that there are not. */
const OTHERS: readonly { path: string; streams: boolean; takesStream: boolean }[] = [
  { path: "/grpc.health.v1.Health/Check", streams: false, takesStream: false },
  { path: "/grpc.health.v1.Health/Watch", streams: true, takesStream: false },
  { path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", streams: true, takesStream: true },
  { path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", streams: true, takesStream: true },
  { path: "/icrl.v1.EnvironmentService/Dance", streams: false, takesStream: false },
  { path: "/no.Such/Service", streams: true, takesStream: true },
];

/** Each of these opens a database: one in so many of them is drawn. */
const HEAVY = /Trajector|CountTrials/;
const HEAVY_SHARE = 12;

const CALLS = METHODS.filter(({ path }) => path !== PLAY && path !== PROCESS);

/** The case of that index. */
export function caseOf(seed: bigint, index: number): Case {
  const key = keyFromSeed(seed);
  const rng = new Rng({ key0: key.key0 ^ index, key1: key.key1 });
  const share = rng.integer(100);
  if (share < 58) return { kind: "play", ops: drawPlay(rng) };
  if (share < 62) return drawWorld(rng);
  if (share < 97) return drawCall(rng);
  return drawFrames(rng);
}

function drawCall(rng: Rng): Case {
  if (rng.integer(15) === 0) {
    const other = pick(rng, OTHERS);
    const good = pick(rng, [Buffer.alloc(0), Buffer.from("\x0a\x00", "latin1"), Buffer.from("\x3a\x00", "latin1")]);
    const count = other.takesStream ? 1 + rng.integer(4) : 1;
    const requests = Array.from({ length: count }, () => (rng.integer(2) === 0 ? good : damaged(rng, drawBytes(rng))));
    return { kind: "call", ...other, requests };
  }
  let method = pick(rng, CALLS);
  while (HEAVY.test(method.path) && rng.integer(HEAVY_SHARE) > 0) method = pick(rng, CALLS);
  const { path, streams, takesStream, input } = method;
  const good = GOOD[path.slice(path.lastIndexOf("/") + 1)]?.(rng) ?? drawnMessage(rng, input);
  const one = (): Buffer => {
    const share = rng.integer(10);
    if (share === 0) return drawBytes(rng);
    if (share < 3) return drawnMessage(rng, input);
    if (share < 8) return mutated(rng, input, good);
    if (share === 8 && rng.integer(4) === 0) {
      // Options nested too deep, in each of the first fields.
      return written([{ number: 1 + rng.integer(5), wire: 2, bytes: nestedStruct(pick(rng, [30, 60, 100, 2000])) }]);
    }
    return good;
  };
  const requests = Array.from({ length: takesStream ? 1 + rng.integer(4) : 1 }, one);
  return { kind: "call", path, streams, takesStream, requests };
}
