import { runCommandLine } from "../../../src/cli/run.js";
import type { Terminal } from "../../../src/cli/terminal.js";

interface Setting {
  readonly terminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => Promise<void>;
}

/** Runs the command line as the process would, with what it writes kept. */
export async function portcullis(args: readonly string[], { terminal = false, environment = {}, onOutput }: Setting = {}) {
  const written = { stdout: "", stderr: "" };
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<void>((resolve) => (interrupt = resolve));
  const output = (name: "stdout" | "stderr") => ({
    isTerminal: terminal,
    write: (text: string) => {
      written[name] += text;
      if (name === "stdout" && onOutput !== undefined) void onOutput(text).finally(interrupt);
    },
  });
  const own: Terminal = { stdout: output("stdout"), stderr: output("stderr"), environment, waitForInterrupt: () => interrupted };
  return { code: await runCommandLine(args, own), ...written };
}
