import { PluginError } from "../../errors/plugin-error.js";
import type { ManifestLimits } from "../../package/manifest.js";
import type { InstanceLimits } from "./executor.js";

/** Every bound that an executor puts on one instance. An order may only lower those that it names. */
export interface ProcessLimits extends InstanceLimits {
  /** Processes and threads at a time. Where instances have no users of their own, processes are counted, and about once a second. */
  readonly processes: number;
  /** Open files of each process. */
  readonly openFiles: number;
  /** What its files may take together, those included that it has deleted and still has open, in bytes; also one file, at any time. */
  readonly diskBytes: number;
  /** Files and folders. */
  readonly diskFiles: number;
  /** Processor time of each process in its whole life, in seconds. */
  readonly processorSeconds: number;
  /** Calls of the app's functions that have no answer yet. */
  readonly hostCalls: number;
}

const MEBIBYTE = 1024 * 1024;

/** The defaults of {@link ProcessLimits}. */
export const DEFAULT_PROCESS_LIMITS: ProcessLimits = {
  instantiateMilliseconds: 30_000,
  callMilliseconds: 5 * 60_000,
  memoryBytes: 1024 * MEBIBYTE,
  messageBytes: 64 * MEBIBYTE,
  logBytes: MEBIBYTE,
  processes: 64,
  openFiles: 256,
  diskBytes: 256 * MEBIBYTE,
  diskFiles: 4_096,
  processorSeconds: 3_600,
  hostCalls: 64,
};

/** What a frame has around the values of a call, at most: its kind, numbers, and a function's name. */
export const FRAME_OVERHEAD_BYTES = 64 * 1024 + 16;

// Timers take 31 bits; a longer one would fire at once.
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * The defaults with what `given` changes.
 *
 * @throws {PluginError} `usage-invalid` for anything but whole numbers from 1, and for times that no timer takes.
 */
export function processLimits(given: Partial<ProcessLimits>): ProcessLimits {
  const names = Object.keys(DEFAULT_PROCESS_LIMITS);
  for (const [name, value] of Object.entries(given)) {
    const most = name.endsWith("Milliseconds") ? LONGEST_TIMER : Number.MAX_SAFE_INTEGER;
    const isKnown = names.includes(name);
    if (isKnown && Number.isSafeInteger(value) && value >= 1 && value <= most) continue;
    const wanted = isKnown ? `must be a whole number from 1 to ${most}` : `is none; there are ${names.join(", ")}`;
    throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot make an executor: its limit ${name} is ${String(value)}, which ${wanted}` });
  }
  return { ...DEFAULT_PROCESS_LIMITS, ...given };
}

/** The executor's own limits, lowered by what the order and the manifest say. What is no positive number lowers nothing. */
export function limitsOf(own: ProcessLimits, asked: InstanceLimits, manifest: ManifestLimits): ProcessLimits {
  return {
    ...own,
    instantiateMilliseconds: lower(own.instantiateMilliseconds, asked.instantiateMilliseconds),
    callMilliseconds: lower(own.callMilliseconds, asked.callMilliseconds, manifest.callMilliseconds),
    memoryBytes: lower(own.memoryBytes, asked.memoryBytes, manifest.memoryBytes),
    messageBytes: lower(own.messageBytes, asked.messageBytes),
    logBytes: lower(own.logBytes, asked.logBytes),
  };
}

function lower(own: number, ...asked: readonly (number | undefined)[]): number {
  return Math.min(own, ...asked.flatMap((value) => (value !== undefined && value > 0 ? [Math.ceil(value)] : [])));
}
