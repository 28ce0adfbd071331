/** Bytes that a browser downloads, compressed as a server would (gzip -9), from what is built. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parseSync } from "vite";

const DIST = new URL("../../dist/", import.meta.url);
const QUOTED = /^["'`](.*)["'`]$/;

/** @typedef {{ readonly name: string, readonly bytes: number, readonly gzip: number }} Size */

/**
 * @param {Record<"cold" | "warm" | "recompile" | "hostFunctions", readonly string[]>} downloads of this package, as loads were seen to ask for them.
 * @returns {Promise<{ readonly [part in "entry" | "worker" | "warm" | "hostFunctions" | "cold" | "prompt" | "transpiler" | "recompile"]: Size }
 *   & { readonly onlyHostFunctions: readonly Size[], readonly lazy: readonly Size[] }>}
 */
export async function measureSizes(downloads) {
  const always = await staticClosure([new URL("index.js", DIST)]);
  const { default: workerSource } = await import(new URL("worker-script.js", DIST).href);
  const inDist = (/** @type {readonly string[]} */ paths) => paths.map((path) => new URL(path, DIST));
  const withoutCapabilities = new Set(downloads.warm);
  const onlyHostFunctions = downloads.hostFunctions.filter((path) => !withoutCapabilities.has(path));
  return {
    entry: await sizeOf("host entry with its static imports", always),
    worker: size("the worker's script", [Buffer.from(workerSource)]),
    warm: await sizeOf("all that a warm load asks for", inDist(downloads.warm)),
    hostFunctions: await sizeOf("all that a warm load with host functions asks for", inDist(downloads.hostFunctions)),
    onlyHostFunctions: await Promise.all(onlyHostFunctions.map((path) => sizeOf(`  of it, not in the one before: ${nameOf(new URL(path, DIST))}`, inDist([path])))),
    cold: await sizeOf("all that a cold load of a package asks for", inDist(downloads.cold)),
    prompt: await sizeOf("the permission dialog, with what the entry does not have", await beyond(new URL("prompt.js", DIST), always)),
    transpiler: await sizeOf("the transpiler", inDist(["transpiler/transpiler-worker.js", "transpiler/transpiler.core.wasm", "transpiler/transpiler.core2.wasm"])),
    recompile: await sizeOf("all that a recompile asks for", inDist(downloads.recompile)),
    lazy: [...(await lazySizes(always))],
  };
}

/**
 * @param {readonly string[]} downloads of this package, as the load of a plugin behind a bridge was seen to ask for them.
 * @returns {Promise<{ readonly [part in "bridge" | "fidius" | "load" | "beside"]: Size }>}
 */
export async function measureBridgeSizes(downloads) {
  const always = await staticClosure([new URL("index.js", DIST)]);
  const bridge = await beyond(new URL("bridge.js", DIST), always);
  const load = downloads.map((path) => new URL(path, DIST));
  const entry = new Set(always.map(({ href }) => href));
  return {
    bridge: await sizeOf("portcullis/bridge, with what the entry does not have", bridge),
    fidius: await sizeOf("portcullis/fidius, with what both do not have", await beyond(new URL("fidius.js", DIST), [...always, ...bridge])),
    load: await sizeOf("all that a load of a plugin behind a bridge asks for", load),
    beside: await sizeOf("  of it, not in the entry with its static imports", load.filter(({ href }) => !entry.has(href))),
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
      const chunk = await beyond(lazy, always);
      found.set(lazy.href, await sizeOf(`lazy, with what it imports: ${nameOf(lazy)}`, chunk));
      queue.push(...chunk);
    }
  }
  return found.values();
}

/**
 * What a page must download to import `script`, if it has `present` already.
 *
 * @param {URL} script
 * @param {readonly URL[]} present
 */
async function beyond(script, present) {
  const hrefs = new Set(present.map(({ href }) => href));
  return (await staticClosure([script])).filter(({ href }) => !hrefs.has(href));
}

/** @param {readonly URL[]} scripts */
async function staticClosure(scripts) {
  const closure = new Map(scripts.map((script) => [script.href, script]));
  for (const script of closure.values()) {
    for (const imported of (await importsOf(script)).eager) closure.set(imported.href, imported);
  }
  return [...closure.values()];
}

/**
 * What a built script imports, parsed and not guessed: text patterns miss one form or another of minified code.
 *
 * @param {URL} script
 */
async function importsOf(script) {
  const text = await readFile(script, "utf8");
  const { module } = parseSync(nameOf(script), text);
  const reExported = module.staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []));
  const lazy = module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => QUOTED.exec(text.slice(start, end))?.[1] ?? []);
  const urls = (/** @type {readonly string[]} */ paths) => paths.filter((path) => path.startsWith(".")).map((path) => new URL(path, script));
  return { eager: urls([...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...reExported]), lazy: urls(lazy) };
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
