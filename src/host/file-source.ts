import { PluginError } from "../errors/plugin-error.js";
import { isComponent } from "../component/component-preamble.js";
import { PluginPackage } from "../package/plugin-package.js";
import type { PluginSource, SourceContext } from "./plugin-source.js";

export interface FileSourceOptions {
  /** For a bare component, which carries no identity: the id to give it. Default: made from the file's name. */
  readonly id?: string;
}

/**
 * A plugin from a file that a person chose or dropped: a packed `.tar.gz`, or a bare component.
 * A bare component is unsigned, so it loads only where the trust policy accepts unsigned code.
 *
 * @param file - a `File`, a `Blob`, or bytes.
 * @example
 * ```ts
 * const host = new PluginHost({ sources: [fileSource(input.files[0])], trust: trustKeys([publisher]) });
 * for await (const plugin of host.discover()) await host.load(plugin.id, filter);
 * ```
 */
export function fileSource(file: Blob | Uint8Array, options: FileSourceOptions = {}): PluginSource {
  const name = file instanceof Blob && "name" in file && typeof file.name === "string" ? file.name : "a file";
  let opened: Promise<PluginPackage> | undefined;
  const open = (context: SourceContext): Promise<PluginPackage> => {
    // A failed attempt is not kept: limits may differ the next time, and a file may have become readable.
    opened ??= openFile(file, name, options, context).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return {
    name,
    async *list(context) {
      try {
        const { manifest } = await open(context);
        const { title, description } = manifest.metadata;
        yield { listing: { id: manifest.id, version: manifest.version, title, description, source: name } };
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        yield { problem: error };
      }
    },
    async open(id, version, context) {
      const found = await open(context);
      const matches = found.manifest.id === id && (version === undefined || version === found.manifest.version);
      return matches ? found : undefined;
    },
  };
}

async function openFile(file: Blob | Uint8Array, name: string, options: FileSourceOptions, context: SourceContext): Promise<PluginPackage> {
  const { limits } = context;
  const size = file instanceof Blob ? file.size : file.length;
  if (size > limits.packageBytes) {
    const message = `Cannot open ${name}: it has ${size} bytes, and at most ${limits.packageBytes} are allowed for a package`;
    throw new PluginError({ code: "package-too-large", stage: "download", message });
  }
  const bytes = file instanceof Blob ? await readBlob(file, name) : file.slice();
  context.onDownload(name, bytes.length, bytes.length);
  if (!isComponent(bytes)) {
    // Loaded when the first file is opened: an app that only uses registries never downloads it.
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
