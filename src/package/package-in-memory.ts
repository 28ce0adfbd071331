import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { ComponentIdentity } from "./describe-component.js";
import type { Manifest } from "./manifest.js";
import { packageError, type PackageContent } from "./package-content.js";
import { MANIFEST_PATH, SIGNATURE_PATH } from "./package-path.js";
import { encodeManifest } from "./parse-manifest.js";
import { quotedText } from "./quoted-text.js";

interface OpenedPackage {
  readonly manifest: Manifest;
  readonly origin: string;
  readFile(path: string): Promise<Uint8Array>;
}

/**
 * Opens a package of `files` and checks every one of them.
 *
 * @throws {PluginError} `package-invalid` for a file that the manifest does not list, or lists and is absent;
 * what `open` and its package throw
 */
export async function openFiles<Opened extends OpenedPackage>(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
  open: (content: PackageContent) => Opened,
): Promise<Opened> {
  const manifestBytes = files.get(MANIFEST_PATH);
  if (manifestBytes === undefined) {
    throw new PluginError({
      code: "package-invalid",
      stage: "verify",
      message: `Cannot open the package ${quotedText(origin)}: it has no ${MANIFEST_PATH}`,
    });
  }
  const held = new Map(files);
  const opened: Opened = open({
    origin,
    manifestBytes,
    signatureBytes: files.get(SIGNATURE_PATH) ?? null,
    readFile: async (path) => held.get(path) ?? refuse(opened, `the file "${path}" that its manifest lists is missing`),
  });
  const listed = new Set([MANIFEST_PATH, SIGNATURE_PATH, ...opened.manifest.files.map((file) => file.path)]);
  for (const path of held.keys()) {
    if (!listed.has(path)) refuse(opened, `it has the file ${quotedText(path)}, which its manifest does not list`);
  }
  for (const { path } of opened.manifest.files) await opened.readFile(path);
  return opened;
}

/** The content of an unsigned package around a bare component. */
export async function componentContent(
  bytes: Uint8Array,
  identity: ComponentIdentity & { readonly origin: string },
  limits: PluginLimits,
): Promise<PackageContent> {
  // Brings the component reader with it, which an archive does not need.
  const { describeComponent } = await import("./describe-component.js");
  const component = new Uint8Array(bytes);
  return {
    origin: identity.origin,
    manifestBytes: encodeManifest(await describeComponent(component, identity, limits)),
    signatureBytes: null,
    readFile: async () => component,
  };
}

function refuse({ manifest, origin }: OpenedPackage, reason: string): never {
  throw packageError("package-invalid", manifest.id, origin, reason);
}
