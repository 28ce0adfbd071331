/**
 * Makes what the benchmark loads, below .cache/bench:
 *
 *   components-only/   the registry of fixtures without transpiled output, signed by the same key
 *   hand/              jco's own output for each component, and a bundled WASI shim, for a worker written by hand
 */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import packFixtures from "../support/pack-fixtures.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REGISTRY = join(ROOT, ".cache/packages/registry");
export const BENCH = join(ROOT, ".cache/bench");

/** The components that are measured: one function in C, QuickJS and SpiderMonkey. */
export const COMPONENTS = ["small-c", "medium-js", "big-js"];

/** @returns {Promise<Map<string, { bytes: number, wasi: boolean }>>} by name of component */
export async function prepare() {
  await packFixtures();
  const node = await import(new URL("../../dist/node.js", import.meta.url).href);
  const manifests = new Map();
  for (const name of COMPONENTS) manifests.set(name, JSON.parse(await readFile(join(packageOf(name), "manifest.json"), "utf8")));
  await makeComponentsOnly(node, manifests);
  await makeHandWritten();
  return new Map(
    [...manifests].map(([name, { files, component, world }]) => [
      name,
      { bytes: files.find((/** @type {any} */ file) => file.path === component).size, wasi: world.imports.interfaces.length > 0 },
    ]),
  );
}

/** @param {string} name */
function packageOf(name) {
  return join(REGISTRY, `fixture.${name}`, "1.0.0");
}

/**
 * @param {any} node
 * @param {Map<string, any>} manifests
 */
async function makeComponentsOnly(node, manifests) {
  const seed = node.parseSecretKey(await readFile(join(ROOT, ".cache/packages/publisher.pem"), "utf8"));
  const registry = join(BENCH, "components-only");
  await rm(registry, { recursive: true, force: true });
  for (const [name, manifest] of manifests) {
    const directory = join(registry, `fixture.${name}`, "1.0.0");
    await mkdir(directory, { recursive: true });
    await cp(join(packageOf(name), manifest.component), join(directory, manifest.component));
    const files = manifest.files.filter((/** @type {any} */ file) => file.path === manifest.component);
    // What is read keeps its order, so the text stays canonical.
    await writeFile(join(directory, "manifest.json"), JSON.stringify({ ...manifest, files, transpiled: [] }));
    await node.signPackage({ path: directory, signingKeys: [seed] });
  }
  await node.createRegistryIndex({ directory: registry, signingKeys: [seed] });
}

/** What somebody does who has jco and no Portcullis: transpile once, and put the output on a server. */
async function makeHandWritten() {
  const hand = join(BENCH, "hand");
  await rm(hand, { recursive: true, force: true });
  for (const name of COMPONENTS) {
    await mkdir(join(hand, name), { recursive: true });
    const component = await readFile(join(packageOf(name), "component.wasm"));
    for (const [path, bytes] of await transpile(component)) await writeFile(join(hand, name, path), bytes);
  }
  await cp(fileURLToPath(new URL("pages/hand-worker.js", import.meta.url)), join(hand, "hand-worker.js"));
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      lib: { entry: fileURLToPath(import.meta.resolve("@bytecodealliance/preview2-shim/instantiation")), formats: ["es"], fileName: "wasi-shim" },
      outDir: hand,
      emptyOutDir: false,
    },
  });
}

/**
 * @param {Uint8Array} component
 * @returns {Promise<readonly (readonly [string, Uint8Array])[]>}
 */
async function transpile(component) {
  const folder = new URL("../../dist/transpiler/", import.meta.url);
  const { createTranspiler } = await import(new URL("transpiler.js", folder).href);
  const compile = async (/** @type {string} */ name) => WebAssembly.compile(await readFile(new URL(name, folder)));
  const transpiler = await createTranspiler({ core: await compile("transpiler.core.wasm"), core2: await compile("transpiler.core2.wasm") });
  return transpiler(component, { name: "plugin", noTypescript: true, instantiation: { tag: "async" }, noNodejsCompat: true, base64Cutoff: 0 }).files;
}
