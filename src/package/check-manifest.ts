import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { Refuse } from "./bounded-json.js";
import { checkBridgePlugin } from "./check-bridge.js";
import type { CoreModuleReference, Manifest, ManifestFile, TranspiledOutput } from "./manifest.js";
import { checkPackagePaths, MANIFEST_PATH, SIGNATURE_PATH } from "./package-path.js";
import { quotedText } from "./quoted-text.js";

/**
 * Checks what a well-formed manifest's members say about each other, and its announced sizes.
 *
 * @throws the error that `refuse` makes, or {@link PluginError} `package-too-large`
 */
export function checkManifest(
  manifest: Manifest,
  manifestBytes: number,
  limits: PluginLimits,
  refuse: Refuse,
): void {
  checkSize(manifest, manifestBytes, limits);
  checkFileList(manifest.files, refuse);
  checkCapabilities(manifest, refuse);
  const files = new Map(manifest.files.map((file) => [file.path, file]));
  if (manifest.runtime === "wasm") checkComponentPlugin(manifest, files, limits, refuse);
  else checkBridgePlugin(manifest, files, refuse);
}

function checkComponentPlugin(manifest: Manifest, files: ReadonlyMap<string, ManifestFile>, limits: PluginLimits, refuse: Refuse): void {
  if (manifest.bridge !== undefined) throw refuse('its runtime is wasm, and it has "bridge", which only the runtimes rust and python have');
  if (manifest.component === undefined) throw refuse("its runtime is wasm, and it has no component");
  const component = files.get(manifest.component);
  if (component === undefined) {
    throw refuse(`its component ${quotedText(manifest.component)} is not in its list of files`);
  }
  const keys = new Set<string>();
  for (const output of manifest.transpiled) {
    const { key } = output;
    const name = [key.target, key.transpilerVersion, key.engineConfigHash].join(" ");
    if (keys.has(name)) throw refuse(`it has two transpiled outputs for ${quotedText(name)}`);
    keys.add(name);
    checkOutput(output, component, files, limits, refuse);
  }
}

function checkSize(manifest: Manifest, manifestBytes: number, limits: PluginLimits): void {
  const tooLarge = (found: string): PluginError =>
    new PluginError({
      code: "package-too-large",
      stage: "verify",
      pluginId: manifest.id,
      message: `Cannot accept the package of ${manifest.id}: ${found}; the app can raise its limits`,
    });
  if (manifest.files.length > limits.packageFiles) {
    throw tooLarge(`it lists ${manifest.files.length} files, and at most ${limits.packageFiles} are allowed`);
  }
  let total = manifestBytes;
  for (const file of manifest.files) total += file.size;
  if (total > limits.packageBytes) {
    throw tooLarge(`it has ${total} bytes unpacked, and at most ${limits.packageBytes} are allowed`);
  }
}

function checkFileList(files: readonly ManifestFile[], refuse: Refuse): void {
  let previous = "";
  for (const { path } of files) {
    if (path <= previous) throw refuse(`its files are not sorted by path, each once, at "${path}"`);
    previous = path;
  }
  // The manifest and its signature take their places, so that nothing else can be spelled like them.
  const problem = checkPackagePaths([MANIFEST_PATH, SIGNATURE_PATH, ...files.map((file) => file.path)]);
  if (problem !== undefined) throw refuse(`in its list of files, ${problem}`);
}

function checkCapabilities(manifest: Manifest, refuse: Refuse): void {
  const asked = new Set<string>();
  for (const { capability } of manifest.capabilities) {
    if (asked.has(capability)) throw refuse(`it asks for ${quotedText(capability)} twice`);
    asked.add(capability);
  }
}

function checkOutput(
  output: TranspiledOutput,
  component: ManifestFile,
  files: ReadonlyMap<string, ManifestFile>,
  limits: PluginLimits,
  refuse: Refuse,
): void {
  const where = `its transpiled output for ${quotedText(output.key.target)}`;
  if (output.key.wasmSha256 !== component.sha256) {
    throw refuse(`${where} was made from component ${output.key.wasmSha256}, not from ${component.sha256}`);
  }
  if (!files.has(output.glue)) throw refuse(`${where} has its glue at "${output.glue}", which is not in its list of files`);
  const names = new Set<string>();
  let total = 0;
  for (const module of output.coreModules) {
    if (names.has(module.name)) throw refuse(`${where} names the core module "${module.name}" twice`);
    names.add(module.name);
    const problem = checkCoreModule(module, component, files);
    if (problem !== undefined) throw refuse(`in ${where}, the core module "${module.name}" ${problem}`);
    total += module.size;
  }
  // Overlapping slices could otherwise ask for any amount of copying and hashing.
  if (total > limits.packageBytes) {
    throw refuse(`${where} has core modules of ${total} bytes, and at most ${limits.packageBytes} are allowed`);
  }
}

function checkCoreModule(
  module: CoreModuleReference,
  component: ManifestFile,
  files: ReadonlyMap<string, ManifestFile>,
): string | undefined {
  if ("offset" in module) {
    const end = module.offset + module.size;
    if (end <= component.size) return undefined;
    return `ends at byte ${end} of the component, which has ${component.size}`;
  }
  const file = files.get(module.path);
  if (file === undefined) return `is at "${module.path}", which is not in the list of files`;
  if (file.size === module.size && file.sha256 === module.sha256) return undefined;
  return `has another size or digest than its file "${module.path}"`;
}
