import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import { makeExecutorFolder, removeAbandoned } from "./executor-folder.js";
import type { ExecutorLog } from "./executor-log.js";
import { DEFAULT_USER_RANGE, type InstanceUser, InstanceUsers, type UserRange } from "./instance-users.js";
import { chooseIsolation, type Isolation, type IsolationPolicy } from "./isolation.js";
import { PluginFiles } from "./plugin-files.js";
import { removeTree } from "./remove-tree.js";
import { runProgram } from "./run-program.js";
import { findRuntime, type ProcessRuntime, type RuntimePaths, type RuntimeProgram } from "./runtime-programs.js";

export interface EnvironmentOptions {
  readonly isolation: IsolationPolicy;
  readonly users: UserRange | "own" | undefined;
  readonly folder: string;
  readonly runtimes: RuntimePaths;
  readonly log: ExecutorLog;
}

/** What all processes of one executor have in common: its folder, users, isolation and programs. */
export class ExecutorEnvironment {
  /** Only its owner can list it, and everybody can pass through it. */
  readonly folder: string;
  readonly isolation: Isolation;
  readonly files: PluginFiles;
  readonly #users: InstanceUsers | undefined;
  readonly #runtimes: RuntimePaths;
  readonly #programs = new Map<ProcessRuntime, Promise<RuntimeProgram>>();

  private constructor(folder: string, isolation: Isolation, users: InstanceUsers | undefined, runtimes: RuntimePaths) {
    this.folder = folder;
    this.isolation = isolation;
    this.files = new PluginFiles(folder);
    this.#users = users;
    this.#runtimes = runtimes;
  }

  /**
   * Finds out what can be done here, and clears away what executors left that were killed.
   *
   * @throws {PluginError} `runtime-unsupported` where processes cannot be bounded or a required isolation does not work;
   *   `usage-invalid` for users that cannot be had; `storage-failed`.
   */
  static async open({ isolation, users: range, folder: parent, runtimes, log }: EnvironmentOptions): Promise<ExecutorEnvironment> {
    if (process.platform === "win32") {
      throw new PluginError({ code: "runtime-unsupported", stage: "instantiate", message: "Cannot start plugins on Windows: their processes cannot be bounded there. Run the executor on Linux, in a virtual machine or WSL" });
    }
    const users = usersOf(range);
    await users?.recover();
    await removeAbandoned(parent);
    const folder = await makeExecutorFolder(parent);
    try {
      const chosen = await withUser(users, async (user) => {
        await checkReachable(folder, parent, user);
        return chooseIsolation(isolation, user, folder);
      });
      announce(chosen, users, log);
      return new ExecutorEnvironment(folder, chosen, users, runtimes);
    } catch (error) {
      await removeTree(folder);
      throw error;
    }
  }

  /** Whether each instance runs as a user of its own. */
  get separatesUsers(): boolean {
    return this.#users !== undefined;
  }

  /** A user for one instance; `undefined` if all run as this process does. @throws {PluginError} `busy` */
  async takeUser(): Promise<InstanceUser | undefined> {
    return takeUser(this.#users);
  }

  /** @throws {PluginError} `runtime-unsupported`. It is looked for again the next time. */
  async program(runtime: ProcessRuntime): Promise<RuntimeProgram> {
    const known = this.#programs.get(runtime);
    if (known !== undefined) return known;
    const found = withUser(this.#users, async (user) => findRuntime(runtime, this.#runtimes, user, await this.#runtimeFolder(runtime)));
    this.#programs.set(runtime, found);
    found.catch(() => this.#programs.delete(runtime));
    return found;
  }

  /** Removes its folder, when nothing is being written there any more. Nothing may be running in it. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#programs.values());
    await this.files.settled();
    await removeTree(this.folder);
  }

  async #runtimeFolder(runtime: ProcessRuntime): Promise<string> {
    const folder = join(this.folder, `runtime-${runtime}`);
    await removeTree(folder);
    await mkdir(folder);
    await chmod(folder, 0o755);
    return folder;
  }
}

function usersOf(range: UserRange | "own" | undefined): InstanceUsers | undefined {
  const isRoot = process.geteuid?.() === 0;
  if (range === "own" || (range === undefined && !isRoot)) return undefined;
  if (isRoot) return new InstanceUsers(range ?? DEFAULT_USER_RANGE);
  throw new PluginError({ code: "usage-invalid", stage: "configure", message: "Cannot give instances users of their own: only root can start a process as another user. Leave the range out, or run the executor as root" });
}

async function takeUser(users: InstanceUsers | undefined): Promise<InstanceUser | undefined> {
  const user = await users?.take();
  if (user !== undefined || users === undefined) return user;
  throw new PluginError({ code: "busy", stage: "instantiate", message: "Cannot start a plugin: all users that instances may have are in use. End instances, or give the executor a wider range" });
}

async function withUser<T>(users: InstanceUsers | undefined, work: (user: InstanceUser | undefined) => Promise<T>): Promise<T> {
  const user = await takeUser(users);
  try {
    return await work(user);
  } finally {
    user?.release();
  }
}

/** Instances find their files below it. */
async function checkReachable(folder: string, parent: string, user: InstanceUser | undefined): Promise<void> {
  if (user === undefined || (await runProgram("/bin/sh", ["-c", 'cd -- "$1"', "sh", folder], user)).succeeded) return;
  throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot start plugins: users of their own cannot pass through ${parent}, where the executor's folder is. Let everybody pass (chmod o+x, also what is above it), or give the executor another folder` });
}

function announce({ bubblewrap, reason }: Isolation, users: InstanceUsers | undefined, log: ExecutorLog): void {
  if (bubblewrap !== undefined) return log.info("isolation", { bubblewrap: bubblewrap.path, users: users !== undefined });
  const rest = users === undefined
    ? "instances run as this user, and can read what it can read, signal what it can signal, and reach the network"
    : "instances run as users of their own, and can read what everybody can read and reach the network";
  log.warn("isolation", { reason, consequence: rest });
}
