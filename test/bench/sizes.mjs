/** Bytes that a browser downloads, compressed as a server would (gzip -9), from what is built. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = new URL("../../dist/", import.meta.url);

/** @typedef {{ readonly name: string, readonly bytes: number, readonly gzip: number }} Size */

/**
 * @param {Record<"cold" | "warm" | "recompile", readonly string[]>} downloads of this package, as loads were seen to ask for them.
 * @returns {Promise<{ readonly [part in "entry" | "worker" | "warm" | "cold" | "transpiler" | "recompile"]: Size } & { readonly lazy: readonly Size[] }>}
 */
export async function measureSizes(downloads) {
  const always = await staticClosure([new URL("index.js", DIST)]);
  const { default: workerSource } = await import(new URL("worker-script.js", DIST).href);
  const inDist = (/** @type {readonly string[]} */ paths) => paths.map((path) => new URL(path, DIST));
  return {
    entry: await sizeOf("host entry with its static imports", always),
    worker: size("the worker's script", [Buffer.from(workerSource)]),
    warm: await sizeOf("all that a warm load asks for", inDist(downloads.warm)),
    cold: await sizeOf("all that a cold load of a package asks for", inDist(downloads.cold)),
    transpiler: await sizeOf("the transpiler", inDist(["transpiler/transpiler-worker.js", "transpiler/transpiler.core.wasm", "transpiler/transpiler.core2.wasm"])),
    recompile: await sizeOf("all that a recompile asks for", inDist(downloads.recompile)),
    lazy: [...(await lazySizes(always))],
  };
}

/**
 * Each chunk that is imported when it is needed, with what it needs beyond what is there already.
 *
 * @param {readonly URL[]} always
 */
async function lazySizes(always) {
  const present = new Set(always.map(({ href }) => href));
  const found = new Map();
  const queue = [...always];
  for (let script = queue.shift(); script !== undefined; script = queue.shift()) {
    for (const lazy of (await importsOf(script)).lazy) {
      if (present.has(lazy.href) || found.has(lazy.href)) continue;
      const chunk = (await staticClosure([lazy])).filter(({ href }) => !present.has(href));
      found.set(lazy.href, await sizeOf(`lazy: ${nameOf(lazy)}`, chunk));
      queue.push(...chunk);
    }
  }
  return found.values();
}

/** @param {readonly URL[]} scripts */
async function staticClosure(scripts) {
  const closure = new Map(scripts.map((script) => [script.href, script]));
  for (const script of closure.values()) {
    for (const imported of (await importsOf(script)).eager) closure.set(imported.href, imported);
  }
  return [...closure.values()];
}

/** @param {URL} script */
async function importsOf(script) {
  const text = await readFile(script, "utf8");
  const urls = (/** @type {RegExp} */ pattern) => [...text.matchAll(pattern)].map(([, path]) => new URL(path ?? "", script));
  return {
    eager: urls(/(?:^|[;}])(?:import|export)(?:[^"'`();]*?from)?\s*["'](\.[^"']+)["']/g),
    lazy: urls(/import\(["'`](\.[^"'`]+)["'`]\)/g),
  };
}

/** @param {URL} script */
function nameOf(script) {
  // The build's digest in the name says nothing to people.
  return (script.pathname.split("/").at(-1) ?? "").replace(/-[\w-]{8}\.js$/, ".js");
}

/**
 * @param {string} name
 * @param {readonly URL[]} files
 * @returns {Promise<Size>}
 */
async function sizeOf(name, files) {
  return size(name, await Promise.all(files.map((file) => readFile(fileURLToPath(file)))));
}

/**
 * @param {string} name
 * @param {readonly Uint8Array[]} files each compressed on its own, as it is served
 * @returns {Size}
 */
function size(name, files) {
  const sum = (/** @type {readonly number[]} */ numbers) => numbers.reduce((one, other) => one + other, 0);
  return { name, bytes: sum(files.map(({ length }) => length)), gzip: sum(files.map((file) => gzipSync(file, { level: 9 }).length)) };
}
