/** The demo as `npm run demo` serves it, for one spec file. */
import { type ChildProcess, spawn } from "node:child_process";
import { ROOT } from "../../../demo/command/paths.mjs";

export interface DarkroomServer {
  /** With a slash at the end. */
  readonly address: string;
  stop(): void;
}

/**
 * Builds the page and serves it at a free port.
 *
 * @param cache - where it keeps its key, its registry and its page: spec files run beside each other.
 */
export async function startDarkroom(cache: string): Promise<DarkroomServer> {
  const server: ChildProcess = spawn(process.execPath, ["demo/start.mjs", "--no-library", "--port", "0"], {
    cwd: ROOT, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, DARKROOM_CACHE: cache },
  });
  const address = await new Promise<string>((resolve, reject) => {
    let output = "";
    server.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const found = /Darkroom is at (http:\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    server.on("exit", (code) => reject(new Error(`the demo ended with exit code ${code}:\n${output}`)));
  });
  return { address, stop: () => void server.kill() };
}
