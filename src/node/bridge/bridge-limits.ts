import { PluginError } from "../../errors/plugin-error.js";

/** Every bound that a bridge puts on its clients, in one object. What a page asks for beyond them is lowered or refused. */
export interface BridgeLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections at a time that one token opened. */
  readonly connectionsPerToken: number;
  /** Instances of one connection that run or are being started. */
  readonly instances: number;
  /** Calls of one connection that have no answer yet. A page that makes more is read no further; twice as many are refused. */
  readonly calls: number;
  /** Arguments of all calls of one connection that have no answer yet, in bytes. A page that sends more is read no further. */
  readonly bytesInFlight: number;
  /** Questions for the listing or a manifest that one connection may have open. */
  readonly requests: number;
  /** One message either way, and the arguments or result of one call, in bytes. */
  readonly messageBytes: number;
  /** What waits for a page that reads slowly, in bytes. Above it nothing more is taken from its instances. */
  readonly outgoingBytes: number;
  /** Frames that one connection may send in a second. One that sends more is read more slowly. */
  readonly framesPerSecond: number;
  /** Instances that one connection may start in a second, on average. As many as `instances` may be started at once. */
  readonly opensPerSecond: number;
  /** Host calls of one instance that have no answer yet. */
  readonly hostCalls: number;
  /** How long a connection may be without instances and frames, in milliseconds. */
  readonly idleMilliseconds: number;
  /** From the request for a connection to its admission, in milliseconds. */
  readonly handshakeMilliseconds: number;
  /** Between two signs of life, in milliseconds. A peer that gives none twice is taken for dead. */
  readonly heartbeatMilliseconds: number;
  /** How long running calls may go on when the bridge is to stop, in milliseconds. */
  readonly drainMilliseconds: number;
  /** From the order to a started instance, in milliseconds. */
  readonly instantiateMilliseconds: number;
  /** One call, in milliseconds. */
  readonly callMilliseconds: number;
  /** Memory of one instance beyond what its runtime needs, in bytes. */
  readonly memoryBytes: number;
  /** Output and log of one instance, in bytes. */
  readonly logBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/** The defaults of {@link BridgeLimits}. */
export const DEFAULT_BRIDGE_LIMITS: BridgeLimits = {
  connections: 1_024,
  connectionsPerToken: 256,
  instances: 32,
  calls: 256,
  bytesInFlight: 128 * MEBIBYTE,
  requests: 8,
  messageBytes: 64 * MEBIBYTE,
  outgoingBytes: 4 * MEBIBYTE,
  framesPerSecond: 50_000,
  opensPerSecond: 8,
  hostCalls: 64,
  idleMilliseconds: 5 * 60_000,
  handshakeMilliseconds: 10_000,
  heartbeatMilliseconds: 15_000,
  drainMilliseconds: 10_000,
  instantiateMilliseconds: 30_000,
  callMilliseconds: 60_000,
  memoryBytes: 1024 * MEBIBYTE,
  logBytes: MEBIBYTE,
};

/** What a frame has around the values of a call, at most: numbers, lengths and a function's name. */
export const FRAME_OVERHEAD_BYTES = 64 * 1024;

// Timers take 31 bits; a longer one would fire at once.
export const LONGEST_TIMER = 0x7fff_ffff;

/**
 * The defaults with what `given` changes.
 *
 * @throws {PluginError} `usage-invalid` for anything but whole numbers from 1, and for times that no timer takes.
 */
export function bridgeLimits(given: Partial<BridgeLimits>): BridgeLimits {
  for (const [name, value] of Object.entries(given)) {
    const most = name.endsWith("Milliseconds") ? LONGEST_TIMER : Number.MAX_SAFE_INTEGER;
    if (Object.hasOwn(DEFAULT_BRIDGE_LIMITS, name) && Number.isSafeInteger(value) && value >= 1 && value <= most) continue;
    const wanted = Object.hasOwn(DEFAULT_BRIDGE_LIMITS, name) ? `must be a whole number from 1 to ${most}` : `is none; there are ${Object.keys(DEFAULT_BRIDGE_LIMITS).join(", ")}`;
    throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot start a bridge: its limit ${name} is ${String(value)}, which ${wanted}` });
  }
  return { ...DEFAULT_BRIDGE_LIMITS, ...given };
}
