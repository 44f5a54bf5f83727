/** A Play stream as bare bytes, with what tests do first on one. */
import { hello, open, type RawStream } from "#icrl/jobs/conformance/raw-stream.js";
import type { Hello, Open } from "#icrl/proto/gen/icrl/v1/environment.js";

// biome-ignore lint/performance/noBarrelFile: what tests import is one place, with what they add to it
export {
  actions,
  type Ending,
  encodeRequest,
  endingOf,
  hello,
  open,
  type RawStream,
  type Response,
  rawClient,
  rawServerStream,
  rawStream,
  rawUnary,
} from "#icrl/jobs/conformance/raw-stream.js";

/** Says hello and opens; resolves at the first observations. */
export async function opened(stream: RawStream, members: Partial<Open> = {}, from: Partial<Hello> = {}) {
  stream.send(hello(from));
  const welcome = await stream.expect("welcome");
  stream.send(open(members));
  const answer = await stream.expect("opened");
  return { welcome, opened: answer, observations: await stream.expect("observations") };
}
