/** The parsed form of every capability. Texts become these in `parse-capability.ts` and nowhere else. */

/** Kinds whose text is their name: they have nothing to narrow. */
export const SIMPLE_KINDS = ["clocks", "random", "stdout", "stderr", "log", "args", "stdin", "config"] as const;

export interface SimpleCapability {
  readonly kind: (typeof SIMPLE_KINDS)[number];
}

/** One variable of the environment that the app provides. */
export interface EnvCapability {
  readonly kind: "env";
  readonly name: string;
}

/** A directory that the app provides, which the plugin sees under `path`. */
export interface FsCapability {
  readonly kind: "fs";
  readonly access: "ro" | "rw";
  /** Absolute guest path, as {@link isGuestPath} accepts it. */
  readonly path: string;
}

export type WebScheme = "http" | "https";

/** Requests to one origin, or to the hosts below a domain. */
export interface HttpCapability {
  readonly kind: "http";
  /** Upper case, sorted, at least one. */
  readonly methods: readonly string[];
  readonly scheme: WebScheme;
  /** As a parsed URL has it (lower case, IPv6 in brackets), or `*.` before a domain of two or more labels. */
  readonly host: string;
  /** The scheme's default where the text has none. */
  readonly port: number;
  /** Begins with `/`. `/v1` stands for `/v1` and all below; `/v1/` only for what is below. */
  readonly pathPrefix: string;
}

/** Storage of the plugin's own. */
export interface KeyValueCapability {
  readonly kind: "keyvalue";
  /** Most bytes in total; `undefined` for as many as the app allows every plugin. */
  readonly quotaBytes: number | undefined;
}

/** A secret that the host adds to requests for one origin. The plugin never sees it. */
export interface SecretCapability {
  readonly kind: "secret";
  readonly name: string;
  readonly scheme: WebScheme;
  readonly host: string;
  readonly port: number;
}

/** Functions of an interface that the app itself implements. */
export interface HostCapability {
  readonly kind: "host";
  /** Full name with version, such as `acme:notes/store@1.0.0`. */
  readonly interfaceName: string;
  /** Component-level names, sorted, at least one; `undefined` for all functions of the interface. */
  readonly functions: readonly string[] | undefined;
  /**
   * By parameter name: what that argument must be, exactly or, where it ends in `*`, how it must begin.
   * A function without one of these parameters is not permitted: nothing would constrain it.
   */
  readonly patterns: ReadonlyMap<string, string>;
}

export type Capability =
  | SimpleCapability
  | EnvCapability
  | FsCapability
  | HttpCapability
  | KeyValueCapability
  | SecretCapability
  | HostCapability;

export type CapabilityKind = Capability["kind"];

/** Every kind, in the canonical order of lists. */
export const CAPABILITY_KINDS = [...SIMPLE_KINDS, "env", "fs", "http", "keyvalue", "secret", "host"] as const satisfies readonly CapabilityKind[];
