import { expect, test } from "vitest";
import { type Case, caseFromText, caseText } from "#icrl/bench/fuzz/case.js";
import { caseOf } from "#icrl/bench/fuzz/cases.js";
import { METHODS, PLAY_REQUEST } from "#icrl/bench/fuzz/contract.js";
import { mutated, read, written } from "#icrl/bench/fuzz/wire.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { PlayRequest } from "#icrl/proto/gen/icrl/v1/environment.js";

const CASES = Array.from({ length: 1500 }, (_, index) => caseOf(5n, index));

test("a case is a function of the seed and its index", () => {
  for (const index of [0, 7, 1499]) expect(caseText(caseOf(5n, index))).toBe(caseText(CASES[index]));
  expect(new Set(CASES.map(caseText)).size).toBeGreaterThan(1300);
  expect(caseText(caseOf(6n, 7))).not.toBe(caseText(CASES[7]));
});

test("a case that was written down is read as it was", () => {
  for (const one of CASES.slice(0, 300)) {
    const again = caseFromText(caseText(one));
    expect(caseText(again)).toBe(caseText(one));
    if (again.kind === "call") expect(again.requests.every(Buffer.isBuffer)).toBe(true);
  }
});

test("every method of the contract is called, by its shape alone where there is nothing better", () => {
  const called = new Set(CASES.flatMap((one: Case) => (one.kind === "call" ? [one.path] : [])));
  const conversations = ["/icrl.v1.EnvironmentService/Play", "/dm_env_rpc.v1.Environment/Process"]; // cases of their own
  for (const { path } of METHODS) if (!conversations.includes(path)) expect([...called]).toContain(path);
  expect(new Set(CASES.map(({ kind }) => kind))).toEqual(new Set(["play", "call", "world", "socket"]));
});

test("a message that was changed is most often still one, and every member of a request comes up", () => {
  const rng = rngFromSeed(3n);
  const hello = Buffer.from(
    PlayRequest.encode({ message: { $case: "close", value: { reason: "a reason" } } }).finish(),
  );
  expect(written(read(hello) ?? [])).toEqual(hello);
  const members = new Set<string>();
  let messages = 0;
  for (let i = 0; i < 1000; i++) {
    try {
      const { message } = PlayRequest.decode(mutated(rng, PLAY_REQUEST, hello));
      messages += 1;
      if (message !== undefined) members.add(message.$case);
    } catch {
      // no message
    }
  }
  expect(messages).toBeGreaterThan(500);
  expect([...members].sort()).toEqual(["actions", "close", "hello", "open", "reset", "resume"]);
});
