import type { InstanceEnd } from "./executor.js";
import type { ExitStatus } from "./spawn-instance.js";
import type { ProcessLimits } from "./process-limits.js";

/** What may be the reason of an end besides how the process ended. */
export interface ExitCircumstances {
  /** The last of what it wrote to its standard error: only a hint, since a plugin can write anything. */
  readonly errorOutput: string;
  readonly limits: ProcessLimits;
  readonly isStarted: boolean;
}

/** bubblewrap and shells report a signal as an exit code. */
const SIGNAL_CODES = 128;
const SIGNALS: ReadonlyMap<number, string> = new Map([
  [4, "SIGILL"], [5, "SIGTRAP"], [6, "SIGABRT"], [7, "SIGBUS"], [8, "SIGFPE"], [9, "SIGKILL"], [11, "SIGSEGV"], [15, "SIGTERM"], [24, "SIGXCPU"], [25, "SIGXFSZ"], [31, "SIGSYS"],
]);

const OUT_OF_MEMORY = /memory allocation of \d+ bytes failed|JavaScript heap out of memory|out of memory|std::bad_alloc|MemoryError|Cannot allocate memory/i;

/** What an instance's end means that it was not told to make. */
export function exitWords(status: ExitStatus, { errorOutput, limits, isStarted }: ExitCircumstances): InstanceEnd {
  const stage = isStarted ? "call" : "instantiate";
  const signal = status.signal ?? SIGNALS.get((status.code ?? 0) - SIGNAL_CODES) ?? null;
  if (signal === "SIGXCPU") {
    return { code: "timeout", stage, message: `its process used all of the ${limits.processorSeconds} seconds of processor time that it may have` };
  }
  const how = signal === null ? `exited with code ${status.code ?? "unknown"}` : signalWords(signal, limits);
  const memory = OUT_OF_MEMORY.test(errorOutput) ? `. It says that it ran out of memory, of which it may have ${limits.memoryBytes} bytes` : "";
  return { code: isStarted ? "crashed" : "instantiate-failed", stage, message: `its process ${how}${memory}` };
}

function signalWords(signal: string, { diskBytes }: ProcessLimits): string {
  switch (signal) {
    case "SIGKILL": return "was ended by SIGKILL, which the executor did not send: the system does that when its memory is short";
    case "SIGXFSZ": return `was ended by SIGXFSZ: it wrote a file larger than ${diskBytes} bytes`;
    case "SIGABRT": return "was ended by SIGABRT: it gave up by itself, as runtimes do that cannot go on";
    default: return `was ended by ${signal}`;
  }
}
