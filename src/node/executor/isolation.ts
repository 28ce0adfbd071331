import { PluginError } from "../../errors/plugin-error.js";
import { type Bubblewrap, findBubblewrap } from "./bubblewrap.js";
import { findTool } from "./find-executable.js";
import { runProgram } from "./run-program.js";

/**
 * How much must stand between instances and the system. `required`: bubblewrap, or nothing is started. `preferred`: bubblewrap
 * where it works. `none`: users, limits and groups of processes only.
 */
export type IsolationPolicy = "required" | "preferred" | "none";

/** What stands between instances and the system here. */
export interface Isolation {
  /** `undefined`: instances see the system's files and reach its network. */
  readonly bubblewrap: Bubblewrap | undefined;
  /** A `setpriv` that keeps programs from becoming another user by their file's mode. bubblewrap does that itself. */
  readonly setpriv: string | undefined;
  /** Why there is no bubblewrap. */
  readonly reason: string | undefined;
}

const ADVICE = "Install it (apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap) and let unprivileged users make user namespaces (in a container: a seccomp profile that allows them)";

/**
 * @throws {PluginError} `runtime-unsupported` if bubblewrap is required and does not work.
 */
export async function chooseIsolation(policy: IsolationPolicy, user: { readonly uid: number; readonly gid: number } | undefined, readableFolder: string): Promise<Isolation> {
  const found = policy === "none" ? "this executor was told to do without" : await findBubblewrap(user, readableFolder);
  if (typeof found !== "string") return { bubblewrap: found, setpriv: undefined, reason: undefined };
  if (policy === "required") {
    throw new PluginError({ code: "runtime-unsupported", stage: "instantiate", message: `Cannot start plugins: isolation is required, and ${found}. ${ADVICE}` });
  }
  return { bubblewrap: undefined, setpriv: await findSetpriv(user), reason: found };
}

async function findSetpriv(user: { readonly uid: number; readonly gid: number } | undefined): Promise<string | undefined> {
  const path = findTool("setpriv");
  if (path === undefined) return undefined;
  return (await runProgram(path, ["--no-new-privs", "/bin/sh", "-c", "exit 0"], user)).succeeded ? path : undefined;
}
