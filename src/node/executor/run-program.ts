import { execFile } from "node:child_process";

export interface ProgramRun {
  readonly succeeded: boolean;
  readonly output: string;
  /** Why it did not succeed: what it wrote to its standard error, or what the system says. */
  readonly problem: string;
}

const LONGEST_MILLISECONDS = 10_000;
const MAXIMUM_OUTPUT_BYTES = 256 * 1024;
const MAXIMUM_PROBLEM_CHARACTERS = 300;

/** The environment of programs that this package starts: nothing of what this process has. */
export const CLEAN_ENVIRONMENT = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" };

/** Runs a short program to its end, as another user if one is given. It never rejects. */
export function runProgram(path: string, args: readonly string[], user?: { readonly uid: number; readonly gid: number }): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const identity = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    const options = { env: CLEAN_ENVIRONMENT, cwd: "/", timeout: LONGEST_MILLISECONDS, killSignal: "SIGKILL", maxBuffer: MAXIMUM_OUTPUT_BYTES, ...identity } as const;
    try {
      execFile(path, args, options, (error, stdout, stderr) => {
        const problem = error === null ? "" : (stderr.trim() || error.message).slice(0, MAXIMUM_PROBLEM_CHARACTERS);
        resolve({ succeeded: error === null, output: stdout, problem });
      });
    } catch (error) {
      // A program that cannot be started at all is reported by throwing in some cases.
      resolve({ succeeded: false, output: "", problem: error instanceof Error ? error.message : String(error) });
    }
  });
}
