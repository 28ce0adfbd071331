import type { Capability } from "../capability/capability.js";
import type { HostInterface } from "../capability/host-interface.js";
import { hashExports } from "../component/interface-hash.js";
import { PluginError, type PluginErrorDetails } from "../errors/plugin-error.js";
import type { Manifest, PluginRuntimeKind } from "../package/manifest.js";
import type { VerifiedPackage } from "../trust/verify-package.js";
import { type CheckedImports, checkImports } from "./check-imports.js";
import type { Compatibility, ExpectedInterface } from "./expected-interface.js";
import type { GrantDecider } from "./decide-grants.js";
import { compareVersions, HOST_VERSION } from "./host-version.js";

export interface AdmissionOptions {
  /** What the app asked its sources for. */
  readonly expectedId: string;
  readonly expected: ExpectedInterface;
  readonly compatibility: Compatibility;
  /** What can run here: components, and what a bridge runs where there is one. */
  readonly runtimes: ReadonlySet<PluginRuntimeKind>;
  /** What the app implements for plugins to import. */
  readonly hostInterfaces: readonly HostInterface[];
  /** Answers what the plugin asks for. A plugin that asks for nothing never needs it. */
  readonly openGrants: (verified: VerifiedPackage, imports: CheckedImports) => Promise<GrantDecider>;
}

// Only this module has it: an AdmittedPlugin exists only where admitPlugin made one.
const CONSTRUCT = Symbol("AdmittedPlugin");
let construct: (content: AdmissionContent) => AdmittedPlugin;

interface AdmissionContent {
  readonly verified: VerifiedPackage;
  readonly grants: readonly Capability[];
  readonly imports: CheckedImports;
  readonly exportNames: ReadonlyMap<string, string>;
}

/** A plugin that may run: who made it, what it is and what it gets are settled. The third stage. */
export class AdmittedPlugin {
  readonly verified: VerifiedPackage;
  readonly manifest: Manifest;
  /** What it was granted: a part of what it asked for. */
  readonly grants: readonly Capability[];
  /** What it imports: the authority behind each interface, and which of them the app implements. */
  readonly imports: CheckedImports;
  /** For each interface that the app expects, the name under which this plugin exports it. */
  readonly exportNames: ReadonlyMap<string, string>;
  /** Whether JavaScript that came in the package may run: only a trusted key's signature makes it so. */
  readonly gluePermitted: boolean;

  static {
    construct = (content) => new AdmittedPlugin(CONSTRUCT, content);
  }

  private constructor(token: symbol, { verified, grants, imports, exportNames }: AdmissionContent) {
    if (token !== CONSTRUCT) throw new TypeError("Cannot construct an AdmittedPlugin: use admitPlugin");
    this.verified = verified;
    this.manifest = verified.package.manifest;
    this.grants = Object.freeze([...grants]);
    this.imports = imports;
    this.exportNames = exportNames;
    this.gluePermitted = verified.trust.kind === "signed";
    Object.freeze(this);
  }
}

/**
 * The one gate: decides from the signed manifest alone, before anything is compiled or run, whether a
 * plugin may run and with what. Trust was settled before (the argument's type says so); here identity,
 * versions, interface, imports and grants are, in that order, so that a person is only asked for grants of a
 * plugin that could run.
 *
 * @throws {PluginError} `manifest-mismatch`, `runtime-unsupported`, `host-too-old`, `interface-mismatch`,
 *   `import-unknown`, `capability-unknown`, `capability-invalid`, `capability-not-granted`.
 */
export async function admitPlugin(verified: VerifiedPackage, options: AdmissionOptions): Promise<AdmittedPlugin> {
  const { manifest } = verified.package;
  checkIdentity(manifest, options.expectedId);
  checkVersions(manifest, options.runtimes);
  const exportNames = await checkInterface(manifest, options);
  const imports = await checkImports(manifest.world, manifest.id, options.hostInterfaces);
  const grants = manifest.capabilities.length === 0 ? [] : await decide(verified, imports, options.openGrants);
  return construct({ verified, grants, imports, exportNames });
}

async function decide(verified: VerifiedPackage, imports: CheckedImports, openGrants: AdmissionOptions["openGrants"]): Promise<readonly Capability[]> {
  const [{ decideGrants }, decider] = await Promise.all([import("./decide-grants.js"), openGrants(verified, imports)]);
  return decideGrants(verified, decider);
}

function checkIdentity(manifest: Manifest, expectedId: string): void {
  if (manifest.id === expectedId) return;
  const found = `its manifest says that it is ${manifest.id}`;
  throw refusal(expectedId, "manifest-mismatch", `${found}. A package must be loaded by its own name; ask its publisher which is right`);
}

function checkVersions({ id, runtime, minimumHost }: Manifest, runtimes: ReadonlySet<PluginRuntimeKind>): void {
  if (!runtimes.has(runtime)) {
    const advice = runtime === "wasm" ? "Load it in a page" : "Such plugins run on a server: give the host a `bridge`";
    throw refusal(id, "runtime-unsupported", `it needs the ${runtime} runtime, and here there is only ${[...runtimes].join(", ") || "none"}. ${advice}`);
  }
  if (minimumHost !== undefined && (compareVersions(minimumHost, HOST_VERSION) ?? 1) > 0) {
    throw refusal(id, "host-too-old", `it needs Portcullis ${minimumHost} or newer, and this is ${HOST_VERSION}. Update the app, or use an older version of the plugin`);
  }
}

/** @returns for each interface that the app expects, the name under which the plugin exports it. */
async function checkInterface({ id, world }: Manifest, { expected, compatibility }: AdmissionOptions): Promise<ReadonlyMap<string, string>> {
  const names = [...expected.world.exports.interfaces, ...expected.world.exports.functions].map(({ name }) => name);
  const exported = new Set([...world.exports.interfaces, ...world.exports.functions].map(({ name }) => name));
  const found = names.every((name) => exported.has(name)) ? await hashExports(world, names) : undefined;
  if (found === expected.hash) return new Map(names.map((name) => [name, name]));
  // Equal interfaces are the rule, and need no comparison: its code is loaded for the others.
  const { compareInterface } = await import("./compare-interface.js");
  return compareInterface({ id, world, hash: found }, expected, compatibility);
}

function refusal(pluginId: string, code: PluginErrorDetails["code"], reason: string): PluginError {
  return new PluginError({ code, stage: "admit", pluginId, message: `Cannot load ${pluginId}: ${reason}` });
}
