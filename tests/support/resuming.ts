/** An agent on bare streams that goes on where one breaks off. */
import type { Client } from "@grpc/grpc-js";
import type { AgentMessage, ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { boolElements } from "#icrl/common/tensor.js";
import type { Hello, Welcome } from "#icrl/proto/gen/icrl/v1/environment.js";
import { actions, encodeRequest, hello, type RawStream, rawStream } from "./raw-stream.js";

/** A session that can be spoken to on one stream after another. */
export interface ResumingAgent {
  /** Of hello, then of the last resume. */
  readonly welcome: Welcome;
  /** The stream that it speaks on now. */
  readonly stream: RawStream;
  /** All that came, in order, welcome and draining left out. */
  readonly got: readonly Buffer[];
  send(message: AgentMessage): void;
  /** The next message but draining. */
  next(): Promise<ServerMessage>;
  /** Breaks the stream off. */
  cut(): void;
  /** Goes on over a new stream, with or without its own. */
  resume(client?: Client): Promise<void>;
}

/** Says hello, and that it can resume. */
export async function resumingAgent(client: Client, from: Partial<Hello> = {}): Promise<ResumingAgent> {
  const sent: Buffer[] = [];
  const got: Buffer[] = [];
  let stream = rawStream(client);
  stream.send(hello({ capabilities: ["resume"], ...from }));
  let welcome = await stream.expect("welcome");
  return {
    got,
    get stream() {
      return stream;
    },
    get welcome() {
      return welcome;
    },
    send(message) {
      const bytes = encodeRequest(message);
      sent.push(bytes);
      stream.sendBytes(bytes);
    },
    async next() {
      for (;;) {
        const { bytes, message } = await stream.next();
        if (message.$case === "draining") continue;
        got.push(bytes);
        return message;
      }
    },
    cut: () => stream.call.cancel(),
    async resume(by = client) {
      stream = rawStream(by);
      stream.send({ $case: "resume", value: { resumeToken: welcome.resumeToken, received: BigInt(got.length) } });
      welcome = await stream.expect("welcome");
      for (const bytes of sent.slice(Number(welcome.received))) stream.sendBytes(bytes);
    },
  };
}

/** Which action an agent of these tests takes: one that a log can be held to. */
export const chosenAt = (stepIndex: bigint, env: number, numActions = 3): number =>
  Number(stepIndex + BigInt(env)) % numActions;

/** What answers a message: actions for observations that want some, else nothing. */
export function answerTo(message: ServerMessage, numEnvs: number, numActions = 3): AgentMessage | undefined {
  if (message.$case !== "observations") return undefined;
  const { active, stepIndex } = message.value;
  if (active !== undefined && !boolElements(active, "active").includes(1)) return undefined;
  return actions(
    stepIndex,
    Array.from({ length: numEnvs }, (_, env) => chosenAt(stepIndex, env, numActions)),
  );
}

/**
 * Answers all that comes until nothing more does; `disturb` is called after each message.
 *
 * @returns how many messages came
 */
export async function playToTheEnd(agent: ResumingAgent, disturb: (n: number) => Promise<void>): Promise<number> {
  let numEnvs = 0;
  let numActions = 0;
  for (let n = 1; ; n += 1) {
    const message = await agent.next();
    await disturb(n);
    if (message.$case === "opened") {
      numEnvs = message.value.numEnvs;
      numActions = message.value.task?.numActions ?? 0;
    }
    const answer = answerTo(message, numEnvs, numActions);
    if (answer !== undefined) agent.send(answer);
    if (message.$case === "closed" && message.value.finished) return n;
  }
}
