/** Plays a conversation of dm_env_rpc, and counts its answers: there is one to each request. */
import type { Client, StatusObject } from "@grpc/grpc-js";
import { EnvironmentResponse } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { ErrorInfo } from "../../proto/gen/icrl/v1/status.js";
import type { WorldCase } from "./case.js";
import { PROCESS } from "./contract.js";
import { WORLD_NAME } from "./world-cases.js";

/** What came of it. */
export interface WorldOutcome {
  readonly messages: number;
  /** Members that answered, or reasons of errors. */
  readonly answers: readonly string[];
  readonly end: StatusObject;
  /** Whether this end cut the stream. */
  readonly cut: boolean;
  readonly fault: string | undefined;
}

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 60_000;

const identity = (bytes: Buffer): Buffer => bytes;

/** Plays it. */
export async function playWorld({ create, requests, waits, cut }: WorldCase, client: Client): Promise<WorldOutcome> {
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(PROCESS, identity, identity);
  const answers: string[] = [];
  let name = WORLD_NAME;
  let fault: string | undefined;
  let end: StatusObject | undefined;
  let wake = () => {};
  const ended = new Promise<StatusObject>((resolve) => {
    call.on("status", (status) => {
      end = status;
      wake();
      resolve(status);
    });
  });
  call.on("error", () => {});
  call.on("data", (bytes: Buffer) => {
    const { payload } = EnvironmentResponse.decode(bytes);
    if (answers.length === 0 && payload?.$case === "createWorld") name = payload.value.worldName;
    answers.push(payload?.$case === "error" ? reasonOf(payload.value) : (payload?.$case ?? "nothing"));
    if (answers.at(-1) === "nothing") fault ??= "an answer without a member";
    wake();
  });

  /** Waits until there are as many answers, or the end. */
  async function answered(count: number): Promise<void> {
    const timer = setTimeout(() => {
      fault ??= `${answers.length} answers to ${count} requests within ${ANSWER_MS} ms`;
      wake();
    }, ANSWER_MS);
    while (answers.length < count && end === undefined && fault === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    clearTimeout(timer);
  }

  let sent = 1;
  call.write(create);
  await answered(1);
  for (const request of requests) {
    if (end !== undefined || fault !== undefined) break;
    call.write(named(request, name));
    sent += 1;
    if (waits) await answered(sent);
  }
  if (cut && !waits) await answered(Math.ceil(sent / 2));
  if (cut || fault !== undefined) call.cancel();
  else call.end();
  await ended;
  const over = end as StatusObject | undefined;
  if (over?.code === 0 && answers.length !== sent) fault ??= `${answers.length} answers to ${sent} requests`;
  return { messages: sent, answers, end: over as StatusObject, cut, fault };
}

/** A request with the world's name in the place of what stands for it. */
function named(request: Buffer, name: string): Buffer {
  const text = request.toString("latin1");
  return text.includes(WORLD_NAME) ? Buffer.from(text.replaceAll(WORLD_NAME, name), "latin1") : request;
}

function reasonOf({ details }: Extract<EnvironmentResponse["payload"], { $case: "error" }>["value"]): string {
  return details[0] === undefined ? "INTERNAL" : ErrorInfo.decode(details[0].value).reason;
}
