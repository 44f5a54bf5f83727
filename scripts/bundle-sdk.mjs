/**
 * What the SDK's package holds (clients/typescript/dist/), made of what `npm run build` left: one module with all that it needs of this
 * repository, and its declarations. npm runs it when the package is packed: `npm pack --workspace icrl-sdk`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";

process.chdir(join(import.meta.dirname, ".."));

const PACKAGE = "clients/typescript";
const OUT = `${PACKAGE}/dist`;
const ENTRY = "clients/typescript/index";

const dependencies = Object.keys(JSON.parse(readFileSync(`${PACKAGE}/package.json`, "utf8")).dependencies);

/** Whether whoever has the package has this module. */
const isThere = (/** @type {string} */ module) =>
  module.startsWith("node:") || dependencies.some((name) => module === name || module.startsWith(`${name}/`));

/** Bundles the module; what its bundled packages ask for, their licences, goes along. */
async function bundleModule() {
  const bundle = await rolldown({ input: `dist/${ENTRY}.js`, platform: "node", external: isThere });
  const { output } = await bundle.write({ file: `${OUT}/index.js`, format: "esm" });
  await bundle.close();
  const [{ imports, moduleIds }] = output;
  for (const module of imports) {
    if (!isThere(module)) throw new Error(`the SDK imports ${module}, which its package.json does not name`);
  }
  const packages = new Set(moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id) ?? []));
  const notices = [...packages].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    if (licence === undefined) throw new Error(`${name} has no licence to go along with it`);
    return `${name} ${version}\n\n${readFileSync(`${folder}/${licence}`, "utf8").trim()}\n`;
  });
  writeFileSync(`${OUT}/third-party-licences.txt`, notices.join("\n\n"));
}

/** Copies a declaration, and those that it imports, once each, as they stand to each other in the repository. */
function copyDeclarations(/** @type {string} */ file) {
  const target = `${OUT}/types/${file}`;
  if (existsSync(target)) return;
  const text = readFileSync(`dist/${file}`, "utf8").replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  for (const [, module] of text.matchAll(/(?:\bfrom |\bimport\(|^import )"([^"]+)"/gm)) {
    if (module.startsWith(".")) copyDeclarations(join(dirname(file), module.replace(/\.js$/, ".d.ts")));
    else if (!isThere(module))
      throw new Error(`${file} takes types from ${module}, which the SDK's package.json does not name`);
  }
}

rmSync(OUT, { recursive: true, force: true });
await bundleModule();
copyDeclarations(`${ENTRY}.d.ts`);
