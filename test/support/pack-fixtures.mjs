/**
 * Packs every fixture component as its author would, signed, into a signed registry at `.cache/packages`:
 *
 *   publisher.pub            the public key that signed everything
 *   registry/index.json …    the registry, one package per fixture: `fixture.<name>`
 *   descriptors/<name>.json  what an app's `portcullis types` would have given it
 *   bridge/<id>/<version>/   a bridge's plugins: those of the registry that are native code or Python
 *
 * Playwright runs it before the specs. It packs again only what changed: a plugin or this package's build.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { existsSync, readdirSync } from "node:fs";
import { assembleBridgePlugins } from "./pack-bridge.mjs";
import { DEFAULT_PORT } from "./server.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGES = join(ROOT, ".cache/packages");

const harmless = (/** @type {string} */ capability) => ({ capability, reason: `The fixture tries ${capability}`, optional: true });

/**
 * What every guest of `probe:authority` asks for, all of it optional. The packed ones name one address, so that they are
 * the same whatever port the test server has: a test that needs another makes a `changedPackage` with these.
 *
 * @param {string} httpPrefix
 */
export const authorityRequests = (httpPrefix = `http://127.0.0.1:${DEFAULT_PORT}/allowed/`) => [
  "clocks", "random", "stdout", "stderr", "log", "args", "stdin", "config", "env:PROBE", "fs:rw:/data", "fs:ro:/library",
  `http:GET,POST,PUT:${httpPrefix}`, "keyvalue",
].map(harmless);

const AUTHORITY_GUESTS = ["authority-rust", "authority-c", "authority-js", "authority-py", "authority-go"];
const NOTES_GUESTS = ["notes-rust", "notes-c", "notes-js", "host-loop"];
const FIDIUS_GUESTS = ["fidius-greeter", "conformance-rust", "conformance-c", "conformance-js", "conformance-py"];
const notes = [{ capability: "host:probe:notes/store@1.0.0", reason: "It reads and writes notes", optional: true }];

/** What a fixture asks for. Those without an entry ask for nothing. */
const CAPABILITIES = new Map([
  ["everything-c", ["clocks", "random", "stdout", "stderr"].map(harmless)],
  ["everything-rust", ["clocks", "random", "stdout", "stderr"].map(harmless)],
  ["hostile-imports", ["log", "clocks"].map(harmless)],
  ["logger", [{ capability: "log", reason: "It logs", optional: false }]],
  // Its JavaScript engine reads the monotonic clock in every call.
  ["big-js-stock", [{ capability: "clocks", reason: "The JavaScript engine measures time", optional: false }]],
  ...AUTHORITY_GUESTS.map((name) => /** @type {const} */ ([name, authorityRequests()])),
  ["pumps-rust", [{ capability: "host:probe:streams/sources@1.0.0", reason: "It reads streams of the app", optional: true }]],
  ...NOTES_GUESTS.map((name) => /** @type {const} */ ([name, notes])),
  // What `portcullis import` asks for on behalf of a component of fidius.
  ...FIDIUS_GUESTS.map((name) => /** @type {const} */ ([name, ["host:fidius:host-call/host@0.1.0", "host:fidius:stream-pull/pull@0.1.0"].map(harmless)])),
  // CPython seeds its hashes in the first call.
  ["echo-py", [{ capability: "random", reason: "Python seeds its hash tables", optional: false }]],
]);

export default async function packFixtures() {
  const node = await import(new URL("../../dist/node.js", import.meta.url).href);
  const seed = await publisherSeed(node);
  const registry = join(PACKAGES, "registry");
  await mkdir(join(PACKAGES, "descriptors"), { recursive: true });
  const build = createHash("sha256").update(await readFile(join(ROOT, "dist/node.js"))).update(await readFile(join(ROOT, "dist/transpiler/transpiler.js")));
  const buildDigest = build.update(await readFile(fileURLToPath(import.meta.url))).digest("hex");
  const pack = (/** @type {string} */ name, /** @type {string | Uint8Array} */ content, /** @type {object} */ options) =>
    packFixture(node, { name, key: createHash("sha256").update(content).update(buildDigest).digest("hex"), options: { out: registry, signingKeys: [seed], ...options } });
  for (const path of components()) {
    const name = basename(path, ".wasm");
    const identity = { id: `fixture.${name}`, version: "1.0.0", capabilities: CAPABILITIES.get(name) ?? [] };
    await pack(name, await readFile(path), { input: path, identity });
  }
  for (const { name, folder, key } of assembleBridgePlugins()) {
    await pack(name, key, { input: folder });
    const plugin = join(PACKAGES, "bridge", `fixture.${name}`);
    await rm(plugin, { recursive: true, force: true });
    await cp(join(registry, `fixture.${name}`), plugin, { recursive: true });
  }
  await node.createRegistryIndex({ directory: registry, signingKeys: [seed] });
}

function components() {
  return ["test/fixtures/components", ".cache/fixtures"]
    .map((folder) => join(ROOT, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".wasm")).sort().map((name) => join(folder, name)));
}

/** One key for all runs on a machine, so that nothing is packed again without need. */
async function publisherSeed(/** @type {any} */ node) {
  const path = join(PACKAGES, "publisher.pem");
  await mkdir(PACKAGES, { recursive: true });
  if (!existsSync(path)) {
    const { seed, publicKey } = await node.generateKeyPair();
    await writeFile(join(PACKAGES, "publisher.pub"), node.formatPublicKey(publicKey));
    await writeFile(path, node.formatSecretKey(seed));
  }
  return node.parseSecretKey(await readFile(path, "utf8"));
}

async function packFixture(/** @type {any} */ node, /** @type {{ name: string, key: string, options: { out: string, signingKeys: readonly Uint8Array[] } }} */ { name, key, options }) {
  const id = `fixture.${name}`;
  const mark = join(PACKAGES, "descriptors", `${name}.key`);
  if (existsSync(mark) && (await readFile(mark, "utf8")) === key) return;
  await rm(join(options.out, id), { recursive: true, force: true });
  const { manifest } = await node.packPlugin({ formats: ["directory", "archive"], ...options });
  const world = { ...manifest.world, imports: { interfaces: [], functions: [] } };
  await writeFile(join(PACKAGES, "descriptors", `${name}.json`), JSON.stringify({ name: id, hash: manifest.interface.hash, world }));
  await writeFile(mark, key);
}
