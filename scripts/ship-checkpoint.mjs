/**
 * `node scripts/ship-checkpoint.mjs OUT TO [--study FILE] [--dataset FILE]`: copies the latest checkpoint of a finished training into a folder that is
 * committed, with the training's spec, its metrics (validations, evaluations and every 50th update) and a page that says how it was made.
 *
 * OUT        output folder of `icrl train`, or of a training of a study, STUDY/runs/NAME
 * TO         the folder, which is replaced
 * --study    the study's file, where it is a training of one; else train.yaml beside TO
 * --dataset  the file that its dataset was collected by, where it was by the study
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findCheckpoint } from "../dist/agents/transformer/checkpoint.js";

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { study: { type: "string" }, dataset: { type: "string" } },
});
const [out, to] = positionals;
if (to === undefined || positionals.length > 2) {
  console.error("usage: node scripts/ship-checkpoint.mjs OUT TO [--study FILE] [--dataset FILE]");
  process.exit(2);
}
const checkpoint = findCheckpoint(out);
rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const file of ["config.json", "model.safetensors"]) cpSync(join(checkpoint, file), join(to, file));
const spec = JSON.parse(readFileSync(join(out, "spec.json"), "utf8"));
spec.dataset = relative(to, flags.dataset ?? resolve(out, spec.dataset)); // as it is found from here
writeFileSync(join(to, "spec.json"), `${JSON.stringify(spec, undefined, 2)}\n`);
const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trimEnd().split("\n");
const kept = lines.filter((line) => {
  const { type, step } = JSON.parse(line);
  return type !== "update" || step === 1 || step % 50 === 0;
});
writeFileSync(join(to, "metrics.jsonl"), `${kept.join("\n")}\n`);
const { name } = spec;
const { training } = JSON.parse(readFileSync(join(to, "config.json"), "utf8"));
const given = Object.entries(flags).map(([name, value]) => ` --${name} ${value}`);
const commands =
  flags.study === undefined
    ? [
        `npx icrl train ${join(dirname(to), "train.yaml")} --out OUT`,
        `node scripts/ship-checkpoint.mjs OUT ${to}${given.join("")}`,
      ]
    : [
        `npx icrl study run ${flags.study} --out OUT`,
        `node scripts/ship-checkpoint.mjs OUT/runs/${basename(resolve(out))} ${to}${given.join("")}`,
      ];
const { step, tokens, data, backend, icrl_version } = training;
writeFileSync(
  join(to, "README.md"),
  `# ${name}

\`\`\`sh
${commands.join("\n")}
\`\`\`

icrl ${icrl_version}, back end ${backend}: ${step} updates, ${tokens} tokens, objective ${training.objective}. Data: ${data?.name ?? "played in training"}${data === null ? "" : `, SHA-256 of its dataset.json ${data.sha256}`}.
The model is \`config.json\` and \`model.safetensors\`; \`spec.json\` is what was asked for, \`metrics.jsonl\` how it went (every 50th update).
`,
);
console.log(`${to}: ${basename(checkpoint)}, ${kept.length} of ${lines.length} lines of metrics`);
