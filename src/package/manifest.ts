import type { JsonValue } from "../bytes/canonical-json.js";
import type { World } from "../component/world.js";
import type { BridgeItemType } from "./bridge-item.js";

/** The manifest layout that this version reads and writes. */
export const MANIFEST_SCHEMA = 1;
/** The version of the contract between host and plugin package. A host refuses others. */
export const PROTOCOL_VERSION = 1;

/** What one plugin version is and wants: signed, and read instead of running anything. */
export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly protocol: number;
  /** Dotted lower-case name, such as `acme.blur`. */
  readonly id: string;
  /** Semantic version. */
  readonly version: string;
  readonly runtime: PluginRuntimeKind;
  /** The oldest host version that may load it. */
  readonly minimumHost?: string;
  /** Plain text for people. */
  readonly metadata: ManifestMetadata;
  readonly interface: ManifestInterface;
  /** The component's imports and exports with their types, as the decoder reads them from the component. */
  readonly world: World;
  readonly capabilities: readonly CapabilityRequest[];
  /** A manifest may only lower the host's limits. */
  readonly limits: ManifestLimits;
  /** JSON Schema of the plugin's configuration, if it takes one: of the part that `ConfigSchema` describes, checked when it is packed and when it is used. */
  readonly config?: JsonValue;
  /** What the plugin adds to the app: opaque here, the app reads it. */
  readonly contributes?: JsonValue;
  /** Path of the component in the package. Of plugins whose runtime is `wasm`, and of no others. */
  readonly component?: string;
  /** How a bridge runs it. Of plugins whose runtime is `rust` or `python`, and of no others. */
  readonly bridge?: BridgeCode;
  /** Every file except the manifest and its signature, sorted by path. */
  readonly files: readonly ManifestFile[];
  readonly transpiled: readonly TranspiledOutput[];
}

/** Where the plugin runs. `rust` and `python` need the bridge. */
export type PluginRuntimeKind = "wasm" | "rust" | "python";

/** What a bridge must know of native or Python code, which cannot be read from the code itself without running it. */
export interface BridgeCode {
  /** fidius's hash of the interface that the code was built for: 16 lower-case hexadecimal digits. The code must say the same of itself. */
  readonly interfaceHash: string;
  /**
   * The methods of the one interface that it exports, in the order of the Rust trait: a library's functions have places and no
   * names. fidius's own `fidius-interface-hash` and `fidius-configure`, and what resources have, are not among them.
   */
  readonly methods: readonly BridgeMethod[];
  /** Of runtime `rust`: a dynamic library for each platform that it was built for. */
  readonly libraries?: readonly BridgeLibrary[];
  /** Of runtime `python`: the module that is imported, such as `acme_blur`. */
  readonly entryModule?: string;
}

export interface BridgeMethod {
  /** The function's component-level name, such as `read-rows`. */
  readonly function: string;
  /** fidius's `#[wire(raw)]`: bytes are passed as they are, without bincode around them. */
  readonly raw: boolean;
  /** It is given the stream that `fidius:stream-pull` carries. WIT has no parameter for it. */
  readonly takesStream: boolean;
  /** Type of the items of that stream. Left out: the method is given their bincode as bytes. Only where {@link takesStream} is true. */
  readonly item?: BridgeItemType;
  /** fidius's `#[optional]`: its bit among the library's capabilities. The library may lack it. */
  readonly optionalBit?: number;
}

export interface BridgeLibrary {
  /** Operating system and processor as Node names them, such as `linux-x64`. */
  readonly platform: string;
  /** Path in the package. */
  readonly path: string;
}

export interface ManifestMetadata {
  readonly title?: string;
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  readonly homepage?: string;
}

export interface ManifestInterface {
  /** The interface's name as the author wrote it in package.toml. */
  readonly name: string;
  readonly version: number;
  /** Interface hash of all exports. */
  readonly hash: string;
}

/** What a plugin asks for. Nothing is granted because it was asked. */
export interface CapabilityRequest {
  /** Capability text, such as `clocks`. */
  readonly capability: string;
  /** The author's reason, shown to the user. */
  readonly reason: string;
  /** The plugin loads without it. */
  readonly optional: boolean;
}

export interface ManifestLimits {
  readonly memoryBytes?: number;
  readonly callMilliseconds?: number;
}

export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** One target's transpiled output inside the package. */
export interface TranspiledOutput {
  readonly key: {
    readonly wasmSha256: string;
    readonly transpilerVersion: string;
    readonly target: string;
    readonly engineConfigHash: string;
  };
  /** Path of the glue. */
  readonly glue: string;
  readonly coreModules: readonly CoreModuleReference[];
}

/**
 * Where a core module's bytes are: a part of the component (most are exact slices of it, so shipping
 * them again would double the download), or a file of their own. The digest is of the module's bytes.
 */
export type CoreModuleReference =
  | { readonly name: string; readonly sha256: string; readonly size: number; readonly offset: number }
  | { readonly name: string; readonly sha256: string; readonly size: number; readonly path: string };
