/**
 * Those who play while somebody attacks: sessions of single envs, recorded, at a pace, in a process of their own. Told "tell", it tells
 * what their answers took since it was told last.
 */
import { int32Tensor } from "../../common/tensor.js";
import { channel, hello, open, play } from "./raw.js";

const [address, sessions, paceMs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const STREAMS_PER_CONNECTION = 25;

/** What is told. */
export interface Told {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly steps: number;
  /** Sessions that were ended, by reason. */
  readonly ended: Readonly<Record<string, number>>;
}

let times: number[] = [];
let ended: Record<string, number> = {};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function playOn(client: ReturnType<typeof channel>, index: number): Promise<void> {
  await wait(Math.random() * 1000);
  for (;;) {
    const stream = play(client);
    stream.send(hello({ agent: "neighbour" }));
    let came = await stream.next();
    if (came.$case === "welcome") {
      const seed = BigInt(process.pid) * 1_000_000n + BigInt(index);
      stream.send(open({ task: "linear-bandit", options: { horizon: 50 }, trials: 1_000_000n, seed }));
      came = await stream.next();
      if (came.$case === "opened") came = await stream.next();
    }
    for (let step = 0n; came.$case === "observations"; step++) {
      await wait(paceMs * (0.5 + Math.random()));
      const askedAt = performance.now();
      const value = { stepIndex: step, actions: int32Tensor(Int32Array.of(Number(step % 10n)), [1]) };
      stream.send({ $case: "actions", value: { ...value, propensities: undefined, probabilities: undefined } });
      came = await stream.next();
      times.push(performance.now() - askedAt);
    }
    const why = came.$case === "ended" ? came.reason : came.$case;
    ended[why] = (ended[why] ?? 0) + 1;
    stream.call.cancel();
    await wait(200);
  }
}

if (process.send !== undefined) {
  let client = channel(address);
  for (let i = 0; i < sessions; i++) {
    if (i % STREAMS_PER_CONNECTION === 0) client = channel(address);
    void playOn(client, i);
  }
  process.on("message", () => {
    const sorted = Float64Array.from(times).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const told: Told = { p50: at(0.5), p99: at(0.99), max: at(1), steps: sorted.length, ended };
    times = [];
    ended = {};
    process.send?.(told);
  });
  process.on("disconnect", () => process.exit());
}
