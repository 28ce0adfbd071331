import type { PluginPackage } from "../package/plugin-package.js";
import type { FileSourceOptions, openPackageFile } from "./open-package-file.js";
import type { PluginSource, SourceContext } from "./plugin-source.js";

export type { FileSourceOptions } from "./open-package-file.js";

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
      const { id, version, metadata } = (await open(context)).manifest;
      yield { listing: { id, version, title: metadata.title, description: metadata.description, source: name } };
    },
    async open(id, version, context) {
      const found = await open(context);
      const matches = found.manifest.id === id && (version === undefined || version === found.manifest.version);
      return matches ? found : undefined;
    },
  };
}

/** Its code is loaded when the first file is opened: an app that only uses registries never downloads it. */
async function openFile(...parameters: Parameters<typeof openPackageFile>): Promise<PluginPackage> {
  const module = await import("./open-package-file.js");
  return module.openPackageFile(...parameters);
}
