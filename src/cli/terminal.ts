import { isatty } from "node:tty";

/** What a command may reach of the process it runs in. */
export interface Terminal {
  readonly stdout: TerminalOutput;
  readonly stderr: TerminalOutput;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Resolves when the user asks to stop. From the first call on, that no longer ends the process by itself. */
  waitForInterrupt(): Promise<void>;
}

export interface TerminalOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
}

/** What a terminal or whoever started the process sends to end it. Node would end at once, and leave behind what it started. */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The process's own terminal. */
export function processTerminal(): Terminal {
  let interrupt: (() => void) | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    // Whoever reads the output may stop doing so, as `head` does: that is no failure.
    if (interrupt === undefined) process.exit(0);
    else interrupt();
  });
  // Nobody reads the messages and the log any more, or their disk is full: no reason to end what serves pages.
  process.stderr.on("error", () => undefined);
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    environment: process.env,
    waitForInterrupt: () => new Promise((resolve) => {
      interrupt = resolve;
      for (const signal of ENDING_SIGNALS) process.once(signal, () => resolve());
    }),
  };
}

function outputOf(stream: NodeJS.WriteStream & { readonly fd: number }): TerminalOutput {
  return { write: (text) => void stream.write(text), isTerminal: isatty(stream.fd) };
}
