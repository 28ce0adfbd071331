/** A real NATS server, for a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";

// Debian puts it where only root's `PATH` leads.
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
const PROGRAM = FOLDERS.map((folder) => join(folder, "nats-server")).find((path) => existsSync(path));

/** Why these tests cannot run here. */
export const MISSING_NATS = PROGRAM === undefined ? "there is no nats-server: install it (apt install nats-server) to test executors over NATS" : undefined;

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Kills it, and everything that is in it. */
  kill(): Promise<void>;
}

/** @param port - 0 for any free one. */
export async function startNats({ port = 0, options = [] }: { readonly port?: number; readonly options?: readonly string[] } = {}): Promise<NatsServer> {
  if (PROGRAM === undefined) throw new Error(MISSING_NATS);
  const child: ChildProcess = spawn(PROGRAM, ["--addr", "127.0.0.1", "--port", String(port === 0 ? -1 : port), ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  let text = "";
  const usedPort = await new Promise<number>((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const [, found] = /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(text) ?? [];
      if (found !== undefined && text.includes("Server is ready")) resolve(Number(found));
    });
    void exited.then(() => reject(new Error(`nats-server ended: ${text}`)));
  });
  return { url: `nats://127.0.0.1:${usedPort}`, port: usedPort, kill };
}
