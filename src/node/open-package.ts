import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { MANIFEST_PATH } from "../package/package-path.js";
import { PluginPackage } from "../package/plugin-package.js";
import { readArchive } from "../package/read-archive.js";
import { PACKAGE_TOML } from "./pack-input.js";
import { readBoundedFile, unreadable } from "./read-bounded-file.js";
import { exists } from "./write-package.js";

/** A package on disk, opened: every file in it is the one that its manifest lists. */
export interface OpenedPackage {
  readonly package: PluginPackage;
  /** What is at the path: a package as a directory or an archive, or a bare component. */
  readonly form: "directory" | "archive" | "component";
  /** The archive's or the component's size; for a directory, that of all files. In bytes. */
  readonly size: number;
}

/**
 * Opens what is at `path` without running anything of it: a package's directory, its `.tar.gz`, or a bare
 * component, for which a manifest is made up.
 *
 * @throws {PluginError} `source-unreachable`, `package-invalid`, `package-too-large`, `manifest-invalid`,
 * `digest-mismatch`, `component-invalid`, `component-unsupported`, `protocol-unsupported`
 */
export async function openPackage(path: string, limits: PluginLimits): Promise<OpenedPackage> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, "verify", cause);
  });
  if (found.isDirectory()) {
    const files = await readPackageDirectory(path, limits);
    const size = [...files.values()].reduce((total, bytes) => total + bytes.length, 0);
    return { package: await PluginPackage.fromArchive(files, path, limits), form: "directory", size };
  }
  const bytes = await readBoundedFile(path, limits.packageBytes, "verify");
  const form = isWasm(bytes) ? "component" : "archive";
  const opened =
    form === "component"
      ? await PluginPackage.fromComponent(bytes, { id: idFromName(path), origin: path }, limits)
      : await PluginPackage.fromArchive(await readArchive(bytes, limits), path, limits);
  return { package: opened, form, size: bytes.length };
}

/**
 * All files of a package's directory, by path. Links are refused: what they lead to is not in the package.
 *
 * @throws {PluginError} `package-invalid`, `package-too-large`, `source-unreachable`
 */
export async function readPackageDirectory(directory: string, limits: PluginLimits): Promise<Map<string, Uint8Array>> {
  if (!(await exists(join(directory, MANIFEST_PATH)))) throw await noPackage(directory);
  const files = new Map<string, Uint8Array>();
  let total = 0;
  const walk = async (prefix: string): Promise<void> => {
    for (const entry of await readdir(join(directory, prefix), { withFileTypes: true })) {
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) await walk(`${path}/`);
      else if (!entry.isFile()) throw refuse("package-invalid", directory, `${path} is neither a plain file nor a directory`);
      else if (files.size >= limits.packageFiles + 2) throw refuse("package-too-large", directory, `it has more than ${limits.packageFiles} files`);
      else {
        const bytes = await readBoundedFile(join(directory, path), limits.packageBytes - total, "verify");
        total += bytes.length;
        files.set(path, bytes);
      }
    }
  };
  await walk("");
  return files;
}

async function noPackage(directory: string): Promise<PluginError> {
  const advice = (await exists(join(directory, PACKAGE_TOML)))
    ? `it has a ${PACKAGE_TOML}, so it is the source of one: run \`portcullis pack\` on it first`
    : `it has no ${MANIFEST_PATH}, so it is not a package`;
  return refuse("package-invalid", directory, advice);
}

function refuse(code: "package-invalid" | "package-too-large", path: string, reason: string): PluginError {
  return new PluginError({ code, stage: "verify", message: `Cannot open ${path}: ${reason}` });
}

// Core modules too: the component reader says best what is wrong with them.
function isWasm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x00 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}

/** `My Filter.component.wasm` becomes `local.my-filter`: an id that no publisher's package has. */
function idFromName(path: string): string {
  const stem = basename(path).toLowerCase().replace(/(\.component)?\.wasm$/, "").replace(/[^a-z0-9]+/g, "-").replace(/^[-0-9]+|-+$/g, "");
  return `local.${stem === "" ? "plugin" : stem.slice(0, 64).replace(/-+$/, "")}`;
}
