import { isComponent } from "../component/component-preamble.js";
import { PluginError } from "../errors/plugin-error.js";
import { PluginPackage } from "../package/plugin-package.js";
import type { SourceContext } from "./plugin-source.js";

export interface FileSourceOptions {
  /** For a bare component, which carries no identity: the id to give it. Default: made from the file's name. */
  readonly id?: string;
}

/**
 * Opens a packed `.tar.gz` or a bare component.
 *
 * @throws {PluginError} `package-too-large`, `source-unreachable`, or what {@link PluginPackage} throws
 */
export async function openPackageFile(file: Blob | Uint8Array, name: string, options: FileSourceOptions, context: SourceContext): Promise<PluginPackage> {
  const { limits } = context;
  const size = file instanceof Blob ? file.size : file.length;
  if (size > limits.packageBytes) {
    const message = `Cannot open ${name}: it has ${size} bytes, and at most ${limits.packageBytes} are allowed for a package`;
    throw new PluginError({ code: "package-too-large", stage: "download", message });
  }
  const bytes = file instanceof Blob ? await readBlob(file, name) : new Uint8Array(file);
  context.onDownload(name, bytes.length, bytes.length);
  if (!isComponent(bytes)) {
    // Apart, because a bare component needs none of it.
    const { readArchive } = await import("../package/read-archive.js");
    return PluginPackage.fromArchive(await readArchive(bytes, limits), name, limits);
  }
  return PluginPackage.fromComponent(bytes, { id: options.id ?? idFromName(name), origin: name }, limits);
}

async function readBlob(file: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    const message = `Cannot read ${name}: the browser could not give its content. Was it moved or changed since it was chosen?`;
    throw new PluginError({ code: "source-unreachable", stage: "download", message, cause });
  }
}

/** `My Filter.component.wasm` becomes `local.my-filter`: an id that no publisher's package has. */
function idFromName(name: string): string {
  const stem = name.toLowerCase().replace(/(\.component)?\.wasm$/, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `local.${stem === "" ? "plugin" : stem}`;
}
