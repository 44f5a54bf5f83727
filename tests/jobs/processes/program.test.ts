import { expect, onTestFinished, test, vi } from "vitest";
import { startProgram } from "#icrl/jobs/processes/program.js";

/** What a process says, and how it ends. */
async function endOf(...args: string[]) {
  return endOfProgram(startProgram(args));
}

async function endOfProgram(program: ReturnType<typeof startProgram>) {
  let said = "";
  for (const words of [program.stdout, program.stderr]) {
    words.on("data", (text: string) => {
      said += text;
    });
  }
  const { by, error } = await program.ended;
  return { by, error, said, isRunning: program.isRunning() };
}

test("a process tells its error, beside what it says for people", async () => {
  const message = "nothing does not exist: give a dataset's folder";
  expect(await endOf("dataset", "head", "nothing")).toEqual({
    by: 2,
    error: { reason: "NOT_A_DATASET", message },
    said: `error: NOT_A_DATASET: ${message}\n`,
    isRunning: false,
  });
});

test("one that ends well tells of none, nor one whose command line is wrong", async () => {
  expect(await endOf("tasks", "chain")).toMatchObject({ by: 0, error: undefined });
  expect(await endOf("tasks", "--nothing")).toMatchObject({ by: 2, error: undefined });
});

test("nothing that is started is given the key by which another server knows this operator", async () => {
  vi.stubEnv("ICRL_OPERATOR_KEY", "a key of sixteen or more");
  onTestFinished(() => void vi.unstubAllEnvs());
  const tell = ["--import", "data:text/javascript,console.log('key', process.env.ICRL_OPERATOR_KEY)"];
  const said = async (...args: string[]) => (await endOfProgram(startProgram(args, tell))).said;
  expect(await said("agent", "--help")).toContain("key undefined");
  expect(await said("serve", "--help")).toContain("key undefined");
});
