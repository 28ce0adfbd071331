import type { AdmittedPlugin } from "../../admission/admit-plugin.js";
import { type PageSide, plainPageSide } from "../../broker/plain-page-side.js";
import { sha256Hex } from "../../bytes/sha256.js";
import { BRIDGE_BOUNDS, isEnforcedByBridge } from "../../capability/bridge-capabilities.js";
import { printCapability } from "../../capability/capability.js";
import { PluginError } from "../../errors/plugin-error.js";
import { Deadline } from "../deadline.js";
import type { InstanceRequest, PluginRuntime, PrepareOptions, ReadyPlugin } from "../plugin-runtime.js";
import { type BridgeCodecs, bridgeCodecs } from "./bridge-codecs.js";
import { BridgeConnection, type BridgeOptions } from "./bridge-connection.js";
import { disconnected } from "./bridge-failures.js";
import { BridgeInstance } from "./bridge-instance.js";

/** A bridge: what runs native and Python plugins for this page. */
export interface BridgeRuntime extends PluginRuntime {
  /** The connection, for `bridgeSource`. @internal */
  readonly connection: BridgeConnection;
  /** Closes the connection for good. Instances behind it end. */
  close(): void;
}

/**
 * Runs native and Python plugins on a bridge. Nothing is connected before a plugin needs it. When the connection is lost, every
 * call that was under way fails with `bridge-disconnected` (unless it is marked `idempotent`, when it is made once more), and the
 * next call connects again.
 *
 * @throws {PluginError} `usage-invalid` for an address that is none.
 * @example
 * ```ts
 * const bridge = bridgeRuntime({ url: "wss://bridge.example.com/", token: () => fetchToken() });
 * const host = new PluginHost({ sources: [urlSource("/plugins/index.json"), bridgeSource(bridge)], trust, bridge });
 * ```
 */
export function bridgeRuntime(options: BridgeOptions): BridgeRuntime {
  const connection = new BridgeConnection(options);
  return {
    connection,
    close: () => connection.close(),
    prepare: async (admitted, { signal, onProgress }: PrepareOptions) => {
      checkCapabilities(admitted);
      const codecs = bridgeCodecs(admitted.manifest.world, admitted.manifest.id);
      onProgress({ phase: "connect" });
      await connection.connected(signal);
      return readyPlugin(admitted, codecs, await sha256Hex(admitted.verified.package.manifestBytes), connection);
    },
  };
}

function readyPlugin(admitted: AdmittedPlugin, codecs: BridgeCodecs, manifestSha256: string, connection: BridgeConnection): ReadyPlugin {
  return {
    // Of the page's memories it has none.
    memories: 0,
    complete: Promise.resolve(),
    start: (request) => startInstance({ admitted, codecs, manifestSha256, connection }, request),
    report: () => Promise.resolve({ cache: { hit: false, reason: "bridge" }, code: "bridge", target: "bridge", sandbox: "bridge" }),
  };
}

interface Start {
  readonly admitted: AdmittedPlugin;
  readonly codecs: BridgeCodecs;
  readonly manifestSha256: string;
  readonly connection: BridgeConnection;
}

async function startInstance({ admitted, codecs, manifestSha256, connection }: Start, request: InstanceRequest): Promise<BridgeInstance> {
  const { id, version } = admitted.manifest;
  const { limits, page, signal, config, listeners } = request;
  const deadline = new Deadline({ milliseconds: limits.instantiateMilliseconds, signal, pluginId: id, stage: "instantiate", doing: `Starting ${id} behind its bridge` });
  try {
    const socket = await connection.connected(deadline.signal);
    const instance = connection.nextNumber();
    const grants = page.grants();
    const side = await pageSide(admitted, request);
    const starting = new BridgeInstance({ pluginId: id, instance, connection, socket, codecs, page: side, grants: page.grants, listeners, logBytes: limits.logBytes });
    socket.send({
      tag: "open",
      val: {
        instance, id, version, manifestSha256, config,
        grants: grants.map(printCapability),
        limits: {
          instantiateMilliseconds: limits.instantiateMilliseconds, callMilliseconds: limits.callMilliseconds,
          memoryBytes: BigInt(limits.memoryBytes), messageBytes: BigInt(limits.messageBytes), logBytes: BigInt(limits.logBytes),
        },
      },
    });
    try {
      // It may have been lost while the page's side was downloaded: then nobody will tell.
      if (!socket.isOpen) throw disconnected(`Cannot start ${id}`, id, "it is closed");
      await deadline.race(starting.opened);
      return starting;
    } catch (error) {
      starting.terminate(deadline.expired ?? (error as PluginError));
      throw error;
    }
  } finally {
    deadline.dispose();
  }
}

/** What serves host calls is downloaded for the plugins that may make some. */
async function pageSide(admitted: AdmittedPlugin, { page, limits }: InstanceRequest): Promise<PageSide> {
  if (!page.grants().some(({ kind }) => kind === "host")) return plainPageSide(page);
  const { openPageSide } = await import("../../broker/page-side.js");
  return openPageSide({ ...page, admitted, limits, transport: "suspension" });
}

function checkCapabilities({ manifest: { id, runtime }, grants }: AdmittedPlugin): void {
  const unenforced = grants.find((grant) => !isEnforcedByBridge(grant));
  if (unenforced === undefined) return;
  const message = `Cannot load ${id}: it was granted ${printCapability(unenforced)}, to which nothing here can keep a ${runtime} plugin: ${BRIDGE_BOUNDS}`;
  throw new PluginError({ code: "capability-invalid", stage: "admit", pluginId: id, message });
}
