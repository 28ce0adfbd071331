import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeComponent } from "../../component/decode-component.js";
import type { World } from "../../component/world.js";
import { PluginError } from "../../errors/plugin-error.js";
import { joinWit } from "./join-wit.js";
import { withWasmTools, type EmbedOptions } from "./wasm-tools.js";

/** Where WIT is read from: a file, or a folder with its dependencies in `deps`; or the text itself. */
export type WitInput = { readonly path: string } | { readonly source: string };

/** Folders below `deps` are one deep; more levels than this are another folder than one of WIT. */
const FOLDER_DEPTH_LIMIT = 4;
/** All of WASI takes 60 files. */
const FILE_LIMIT = 2_000;
const ROOT = "/wit";

/**
 * Reads a world from WIT: the same as decoding a component that implements it, except that a component
 * imports only what it uses.
 *
 * @param worldName - Which world; needed where the package has several.
 * @throws {PluginError} `usage-invalid` if the WIT cannot be read, is wrong, or does not name one world;
 *   `component-unsupported` if it has something that this version does not read.
 */
export async function worldFromWit(input: WitInput, worldName?: string): Promise<World> {
  const files = "source" in input ? new Map([[`${ROOT}/world.wit`, input.source]]) : await readWit(input.path);
  const world = worldName === undefined ? {} : { world: worldName };
  try {
    return decodeComponent(await build(files, { witPath: ROOT, ...world }));
  } catch (cause) {
    if (cause instanceof PluginError) throw cause;
    // For a folder the tool says only that it failed; for the same as one text it says why.
    const reason = await build(new Map(), { witSource: joinWit(files), ...world }).then(() => cause, (detailed: unknown) => detailed);
    throw invalid(`Cannot read the WIT${"path" in input ? ` of ${input.path}` : ""}: ${describe(reason)}`, cause);
  }
}

function build(files: ReadonlyMap<string, string>, wit: Omit<EmbedOptions, "dummy">): Promise<Uint8Array> {
  return withWasmTools(files, (tools) => tools.componentNew(tools.componentEmbed({ dummy: true, ...wit })));
}

async function readWit(path: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  try {
    if ((await stat(path)).isDirectory()) await readFolder(path, ROOT, 0, files);
    else files.set(`${ROOT}/world.wit`, await readFile(path, "utf8"));
  } catch (cause) {
    if (cause instanceof PluginError) throw cause;
    throw invalid(`Cannot read the WIT of ${path}: ${describe(cause)}`, cause);
  }
  if (files.size === 0) throw invalid(`Cannot read the WIT of ${path}: there is no .wit file in it`);
  return files;
}

async function readFolder(folder: string, place: string, depth: number, files: Map<string, string>): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < FOLDER_DEPTH_LIMIT) await readFolder(path, `${place}/${entry.name}`, depth + 1, files);
    else if (entry.isFile() && entry.name.endsWith(".wit")) files.set(`${place}/${entry.name}`, await readFile(path, "utf8"));
    if (files.size > FILE_LIMIT) throw invalid(`Cannot read the WIT of ${folder}: it has more than ${FILE_LIMIT} files. Give the folder of the package itself`);
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function invalid(message: string, cause?: unknown): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message, cause });
}
