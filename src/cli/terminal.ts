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

/** The process's own terminal. */
export function processTerminal(): Terminal {
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    environment: process.env,
    waitForInterrupt: () => new Promise((resolve) => {
      process.once("SIGINT", () => resolve());
      process.once("SIGTERM", () => resolve());
    }),
  };
}

function outputOf(stream: NodeJS.WriteStream & { readonly fd: number }): TerminalOutput {
  return { write: (text) => void stream.write(text), isTerminal: isatty(stream.fd) };
}
