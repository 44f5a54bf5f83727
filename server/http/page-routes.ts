/** The page's own files: index.html, what is compiled from server/page, and the libraries it uses, all from this machine. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { POLICY } from "./http-server.js";
import type { HttpAnswer, Route } from "./route.js";

const { resolve } = createRequire(import.meta.url);
const PAGE = new URL("../page/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Modules of libraries, under the names that index.html's import map gives them. */
const LIBRARIES: Readonly<Record<string, () => string>> = {
  "/vendor/preact.js": () => text(resolve("preact")),
  "/vendor/preact-hooks.js": () => text(resolve("preact/hooks")),
  "/vendor/preact-jsx-runtime.js": () => text(resolve("preact/jsx-runtime")),
  // The minified file is a script that makes a variable; its module is three times as large.
  "/vendor/uplot.js": () => `${text(resolve("uplot/dist/uPlot.iife.min.js"))}\nexport default uPlot;\n`,
  "/vendor/uplot.css": () => text(resolve("uplot/dist/uPlot.min.css")),
};

/** The routes; files are read when they are first asked for, and kept. */
export function pageRoutes(): Route[] {
  const files = pageFiles().map((name): [string, () => string] => [`/${name}`, () => text(new URL(name, PAGE))]);
  const assets = [...files, ...Object.entries(LIBRARIES)].map(([path, read]) => asset(path, read));
  return [asset("/", () => text(new URL("index.html", PAGE)), "html"), ...assets];
}

/** Names of the files that the build left; none where the page was not built. */
function pageFiles(): string[] {
  try {
    return readdirSync(PAGE).filter((name) => /\.(js|css|svg)$/.test(name));
  } catch {
    return [];
  }
}

const text = (file: string | URL): string =>
  readFileSync(file, "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");

function asset(path: string, read: () => string, extension = path.slice(path.lastIndexOf(".") + 1)): Route {
  let answer: HttpAnswer | undefined;
  return {
    path,
    allowed: "everybody",
    answer() {
      if (answer === undefined) {
        const body = read();
        answer = {
          type: TYPES[extension],
          body,
          etag: `"${hash(body).slice(0, 27)}"`,
          gzip: gzipSync(body),
          ...(extension === "html" ? { policy: policyOf(body) } : {}),
        };
      }
      return answer;
    },
  };
}

/** The policy that lets the page's import map, which can only stand in the page, pass by its hash. */
function policyOf(html: string): string {
  const map = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "";
  return POLICY.replace("script-src 'self'", `script-src 'self' 'sha256-${hash(map)}'`);
}

const hash = (body: string): string => createHash("sha256").update(body).digest("base64");
