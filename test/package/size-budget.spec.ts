import { gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { parseSync } from "vite";

const DIST = new URL("../../dist/", import.meta.url);
const MOST_GZIP_BYTES = 30_000;
/** Names that only the transpiler's own code has. */
const TRANSPILER_MARKS = ["js-component-bindgen", "@bytecodealliance/jco", "wit-component"];

interface BuiltFile {
  readonly url: URL;
  readonly text: string;
  readonly statics: readonly string[];
  readonly dynamics: readonly string[];
}

async function readBuilt(url: URL): Promise<BuiltFile> {
  const text = await readFile(url, "utf8");
  const { module } = parseSync(basename(fileURLToPath(url)), text);
  const quoted = /^["'`](.*)["'`]$/;
  return {
    url,
    text,
    statics: [...module.staticImports.map((found) => found.moduleRequest.value), ...reExports(module)],
    dynamics: module.dynamicImports.flatMap((found) => quoted.exec(text.slice(found.moduleRequest.start, found.moduleRequest.end))?.[1] ?? []),
  };
}

function reExports(module: ReturnType<typeof parseSync>["module"]): readonly string[] {
  return module.staticExports.flatMap((found) => found.entries.flatMap((entry) => (entry.moduleRequest === null ? [] : [entry.moduleRequest.value])));
}

/** `entry` and everything that it imports statically. */
async function staticGraph(entry: string): Promise<ReadonlyMap<string, BuiltFile>> {
  const files = new Map<string, BuiltFile>();
  const visit = async (url: URL): Promise<void> => {
    if (files.has(url.href)) return;
    const file = await readBuilt(url);
    files.set(url.href, file);
    for (const specifier of file.statics) {
      expect(specifier, `${entry} needs nothing that an installation does not bring`).toMatch(/^\.\.?\//);
      await visit(new URL(specifier, url));
    }
  };
  await visit(new URL(entry, DIST));
  return files;
}

function gzipBytes(files: Iterable<BuiltFile>): number {
  return [...files].reduce((sum, { text }) => sum + gzipSync(text, { level: 9 }).byteLength, 0);
}

test("the host entry, with all that it always loads, is at most 30 kB gzip", async () => {
  const files = [...(await staticGraph("index.js")).values()];
  const bytes = gzipBytes(files);
  console.log(`host entry: ${(bytes / 1000).toFixed(1)} kB gzip in ${files.length} file(s)`);
  for (const specifier of new Set(files.flatMap(({ dynamics }) => dynamics))) {
    if (!specifier.startsWith(".")) continue;
    const later = gzipBytes((await staticGraph(specifier)).values());
    console.log(`  loaded when needed: ${specifier} ${(later / 1000).toFixed(1)} kB gzip`);
  }
  expect(bytes).toBeLessThanOrEqual(MOST_GZIP_BYTES);
});

test("the transpiler is never part of the host entry", async () => {
  for (const { url, text } of (await staticGraph("index.js")).values()) {
    for (const mark of TRANSPILER_MARKS) expect(text, `${basename(url.pathname)} has code of the transpiler`).not.toContain(mark);
  }
});

test("the worker's script imports nothing", async () => {
  const script = await readBuilt(new URL("worker-script.js", DIST));
  expect([...script.statics, ...script.dynamics]).toEqual([]);
});
