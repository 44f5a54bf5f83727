import { expect, test } from "vitest";
import { jsonPrinter, textPrinter } from "#icrl/cli/print/printer.js";

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

const text = ({ name }: { name: string }, { bold }: { bold(text: string): string }) => `${bold(name)}\n`;

test("a result is text for people, painted where the stream shows it", () => {
  const [pipe, terminal] = [stream(false), stream(true)];
  textPrinter(pipe, {}).print({ name: "emp" }, text);
  textPrinter(terminal, {}).print({ name: "emp" }, text);
  expect([pipe.written, terminal.written]).toEqual([["emp\n"], ["\x1b[1memp\x1b[22m\n"]]);
});

test("or a document for programs, the result itself or what it is made into", () => {
  const pipe = stream(false);
  jsonPrinter(pipe).print({ name: "emp" }, text);
  jsonPrinter(pipe).print({ name: "emp" }, text, ({ name }) => [name]);
  expect(pipe.written).toEqual(['{\n  "name": "emp"\n}\n', '[\n  "emp"\n]\n']);
});
