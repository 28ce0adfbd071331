import { createHash } from "node:crypto";
import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { BridgeCode, Manifest } from "../../package/manifest.js";

/** What an executor may start, by exactly what was admitted. */
export interface PluginCatalogue {
  /** @returns `undefined` if there is none whose manifest has this digest, or it was not admitted. */
  find(id: string, version: string, manifestSha256: string): Promise<RunnablePlugin | undefined>;
}

// Only this module has it: a RunnablePlugin exists only where runnablePlugin made one of an admitted plugin.
const CONSTRUCT = Symbol("RunnablePlugin");
let construct: (admitted: AdmittedPlugin, bridge: BridgeCode) => RunnablePlugin;

/** An admitted plugin that runs in a process: whose runtime is `rust` or `python`. */
export class RunnablePlugin {
  readonly manifest: Manifest;
  readonly bridge: BridgeCode;
  readonly manifestSha256: string;
  readonly #admitted: AdmittedPlugin;

  static {
    construct = (admitted, bridge) => new RunnablePlugin(CONSTRUCT, admitted, bridge);
  }

  private constructor(token: symbol, admitted: AdmittedPlugin, bridge: BridgeCode) {
    if (token !== CONSTRUCT) throw new TypeError("Cannot construct a RunnablePlugin: use runnablePlugin");
    this.#admitted = admitted;
    this.manifest = admitted.manifest;
    this.bridge = bridge;
    this.manifestSha256 = createHash("sha256").update(admitted.verified.package.manifestBytes).digest("hex");
    Object.freeze(this);
  }

  /**
   * Reads a listed file and checks its size and SHA-256, every time.
   *
   * @throws {PluginError} `digest-mismatch`; `package-invalid` for a path that is not listed; `source-unreachable`; `aborted`
   */
  async readFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#admitted.verified.package.readFile(path, signal);
  }
}

/**
 * The last step before a process: only what was admitted can be run.
 *
 * @throws {PluginError} `runtime-unsupported` for a plugin that does not run in a process.
 */
export function runnablePlugin(admitted: AdmittedPlugin): RunnablePlugin {
  const { id, runtime, bridge } = admitted.manifest;
  if (bridge !== undefined && runtime !== "wasm") return construct(admitted, bridge);
  throw new PluginError({
    code: "runtime-unsupported",
    stage: "admit",
    pluginId: id,
    message: `Cannot run ${id} in a process: its runtime is ${runtime}, and processes run rust and python. Load it in a page`,
  });
}
