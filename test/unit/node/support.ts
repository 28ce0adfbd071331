import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { ComponentDescription } from "../../../src/node/pack-input.js";
import { packPlugin, type PackOptions, type PackResult } from "../../../src/node/pack.js";

/** Path of a real component. */
export function componentPath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/components/${name}.wasm`, import.meta.url));
}

/** An empty directory, removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "portcullis-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files below a new directory. */
export async function directoryWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

export const PACKAGE_TOML = `
[package]
name = "acme.logger"
version = "1.2.3"
interface = "lab:logger/logger"
interface_version = 1
runtime = "wasm"

[wasm]
component = "logger.wasm"
capabilities = ["log"]

[wasm.reasons]
log = "To tell what it does."
`;

/** A plugin's directory with a real component, as an author has it. */
export async function pluginDirectory(toml = PACKAGE_TOML, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const directory = await directoryWith({ "package.toml": toml, ...more });
  await cp(componentPath("logger"), join(directory, "logger.wasm"));
  return directory;
}

/** Packs a bare component into a new directory. */
export async function packComponent(
  name: string,
  identity: Partial<ComponentDescription> = {},
  options: Partial<PackOptions> = {},
): Promise<PackResult & { readonly directory: string }> {
  const result = await packPlugin({
    input: componentPath(name),
    identity: { id: `test.${name}`, version: "1.0.0", ...identity },
    out: await temporaryDirectory(),
    ...options,
  });
  if (result.directory === undefined) throw new Error("no directory was written");
  return { ...result, directory: result.directory };
}

/** Every file below a directory, by path, in hexadecimal so that differences show. */
export async function directoryContent(directory: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((item) => item.isFile())) {
    const path = join(entry.parentPath, entry.name);
    content.set(path.slice(directory.length + 1), (await readFile(path)).toString("hex"));
  }
  return new Map([...content].sort(([a], [b]) => (a < b ? -1 : 1)));
}
