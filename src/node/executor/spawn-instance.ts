import { spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { findTool } from "./find-executable.js";
import { limitingScript, type ResourceLimits } from "./resource-limits.js";

/** Everything that a process is started with. */
export interface InstanceCommand {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly limits: ResourceLimits;
}

/** How a process ended. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The first process of an instance. */
export interface SpawnedProcess {
  readonly pid: number;
  /** Descriptor 3 of the process. */
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** It ended. What it started may still run, and what it wrote may still be unread. */
  readonly exited: Promise<ExitStatus>;
}

/**
 * Starts a process in a session and group of its own, with four descriptors and no other, limited before its program begins.
 *
 * @throws {Error} of the system, if it cannot be started.
 */
export async function spawnInstance({ command, environment, directory, user, limits }: InstanceCommand): Promise<SpawnedProcess> {
  const bash = findTool("bash");
  const child = spawn(bash ?? "/bin/sh", ["-c", limitingScript(limits, bash !== undefined), "sh", ...command], {
    // By that name bash counts like any other shell.
    argv0: "sh",
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // Node also drops every other group of root's.
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  // Such as a signal that could not be sent: it says nothing about the process.
  child.on("error", () => {});
  const { pid, stdout, stderr } = child;
  const channel = child.stdio[3];
  if (pid === undefined || stdout === null || stderr === null || !isDuplex(channel)) throw new Error("the system gave the process no number or no descriptors");
  return { pid, channel, stdout, stderr, exited };
}

function isDuplex(stream: unknown): stream is Duplex {
  return typeof stream === "object" && stream !== null && "write" in stream && "read" in stream;
}
