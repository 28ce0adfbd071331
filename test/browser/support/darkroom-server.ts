/** The demo as `npm run demo` serves it, for one spec file. */
import { type ChildProcess, spawn } from "node:child_process";
import { ROOT } from "../../../demo/command/paths.mjs";

export interface DarkroomServerOptions {
  /** Where it keeps its key, its registry and its page: spec files run beside each other. */
  readonly cache: string;
  /** What it does as if this machine did not have it: `python`, `native`, or both with a comma. */
  readonly without: string;
  /** 0 for any free one. */
  readonly port?: number;
}

export interface DarkroomServer {
  /** With a slash at the end. */
  readonly address: string;
  /** Of the process that serves the page and has the bridge in it. */
  readonly pid: number;
  /** Why filters are not there, by their titles. */
  readonly absent: ReadonlyMap<string, string>;
  /** Sends the signal and waits for the end, if it runs. */
  stop(signal?: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Builds the page and serves it. */
export async function startDarkroom({ cache, without, port = 0 }: DarkroomServerOptions): Promise<DarkroomServer> {
  const server: ChildProcess = spawn(process.execPath, ["demo/start.mjs", "--no-library", "--port", String(port), "--without", without], {
    cwd: ROOT, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, DARKROOM_CACHE: cache },
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const output = await new Promise<string>((resolve, reject) => {
    let text = "";
    server.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("Stop it with")) resolve(text);
    });
    server.on("exit", (code) => reject(new Error(`the demo ended with exit code ${code}:\n${text}`)));
  });
  const stop = (signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM") => {
    server.kill(signal);
    return ended;
  };
  return {
    address: /Darkroom is at (http:\S+)/.exec(output)?.[1] ?? "",
    pid: server.pid ?? 0,
    absent: new Map([...output.matchAll(/^(.+) is not there: (.+)$/gm)].map(([, title = "", reason = ""]) => [title, reason])),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
