import { randomBytes } from "node:crypto";
import { chown, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { bubblewrapArguments, INSIDE } from "./bubblewrap.js";
import { endProcesses } from "./end-processes.js";
import { endUser, type InstanceUser } from "./instance-users.js";
import type { Isolation } from "./isolation.js";
import { removeLeftovers } from "./leftovers.js";
import { findBySigns, findByUser, type ProcessFinder } from "./process-finder.js";
import { identityText, ownIdentity } from "./process-identity.js";
import type { ProcessLimits } from "./process-limits.js";
import { type SurveyedProcess, surveyProcesses } from "./process-survey.js";
import { removeTree } from "./remove-tree.js";
import { CLEAN_ENVIRONMENT } from "./run-program.js";
import type { RuntimeProgram } from "./runtime-programs.js";
import { spawnInstance, type SpawnedProcess } from "./spawn-instance.js";

/** The variable by whose value an instance's processes are known again. */
export const MARK = "PORTCULLIS_INSTANCE";

/** bubblewrap's own two processes, and the shell that sets limits before it becomes the program. */
const EXTRA_PROCESSES = 4;
/** Where the limit counts everything that a user runs, other instances may need some too. */
const SHARED_PROCESSES = 1_024;

export interface SandboxOptions {
  /** The executor's own folder. */
  readonly root: string;
  readonly isolation: Isolation;
  /** `undefined`: it runs as the user of this process. It is given back with the sandbox. */
  readonly user: InstanceUser | undefined;
  readonly limits: ProcessLimits;
  readonly program: RuntimeProgram;
  /** The folder with the plugin's files. */
  readonly plugin: string;
}

/** The surroundings of one instance's process: its user, its working directory, what it sees, and everything that it starts. */
export class ProcessSandbox {
  /** Where the process finds the plugin's files. */
  readonly pluginFolder: string;
  /** Working directory on this system; `undefined` if it is in memory and only its processes can reach it. */
  readonly work: string | undefined;
  readonly user: InstanceUser | undefined;
  readonly #options: SandboxOptions;
  readonly #mark = `${identityText(ownIdentity())}.${randomBytes(16).toString("hex")}`;
  #finder: ProcessFinder | undefined;
  #leader = 0;

  private constructor(options: SandboxOptions, work: string | undefined) {
    this.#options = options;
    this.work = work;
    this.user = options.user;
    this.pluginFolder = options.isolation.bubblewrap === undefined ? options.plugin : INSIDE.plugin;
    if (options.user !== undefined) this.#finder = findByUser(options.user.uid);
  }

  /** @throws {Error} of the system, after which the user is given back. */
  static async open(options: SandboxOptions): Promise<ProcessSandbox> {
    const { isolation, root, user } = options;
    if (isolation.bubblewrap?.boundsFolders === true) return new ProcessSandbox(options, undefined);
    try {
      // For nobody but the one who runs in it.
      const work = await mkdtemp(join(root, "work-"));
      if (user !== undefined) await chown(work, user.uid, user.gid);
      return new ProcessSandbox(options, work);
    } catch (error) {
      user?.release();
      throw error;
    }
  }

  /** To be called before its first process is ended by force. */
  remember(): void {
    this.#finder?.remember();
  }

  /** Starts its first process. Once. */
  async spawn(): Promise<SpawnedProcess> {
    const { program, limits, isolation, user } = this.#options;
    const spawned = await spawnInstance({
      command: this.#command(),
      environment: this.#environment(),
      directory: this.work ?? "/",
      user,
      limits: {
        dataBytes: program.baseBytes + limits.memoryBytes,
        processes: limits.processes + (user === undefined ? SHARED_PROCESSES + await threadsOfThisUser() : isolation.bubblewrap === undefined ? 1 : EXTRA_PROCESSES),
        openFiles: limits.openFiles,
        diskBytes: limits.diskBytes,
        processorSeconds: limits.processorSeconds,
      },
    });
    this.#leader = spawned.pid;
    const finder = (this.#finder ??= findBySigns({ leader: spawned.pid, argument: this.#mark, variable: `${MARK}=${this.#mark}`, directory: this.work }));
    spawned.exited.then(() => finder.leaderEnded()).catch(() => {});
    return spawned;
  }

  /** Whether it can write where every user of this system may. Under bubblewrap there is no such place. */
  get sharesFolders(): boolean {
    return this.#options.isolation.bubblewrap === undefined;
  }

  /** Those of a survey that belong to it, without bubblewrap's own two: they hide from everybody, since they may do much until they are done. */
  processes(survey: readonly SurveyedProcess[]): readonly SurveyedProcess[] {
    const found = this.#finder?.among(survey) ?? [];
    if (this.sharesFolders) return found;
    return found.filter(({ pid, parent }) => pid !== this.#leader && parent !== this.#leader);
  }

  /**
   * Ends everything that runs in it, removes what it wrote, and gives its user back.
   *
   * @returns the numbers of processes that could not be ended. Then nothing is removed, and its user stays taken: a process that
   *   still runs could lead the removal elsewhere, and would meet the user's next instance.
   */
  async close(): Promise<readonly number[]> {
    const left = await this.#endProcesses();
    if (left.length > 0) return left;
    if (this.work !== undefined) await removeTree(this.work);
    if (this.user !== undefined && this.sharesFolders) await removeLeftovers(this.user.uid);
    this.user?.release();
    return [];
  }

  async #endProcesses(): Promise<readonly number[]> {
    // bubblewrap's namespace ends as a whole with its first process.
    if (this.user !== undefined && this.sharesFolders) return endUser(this.user);
    return this.#finder === undefined ? [] : endProcesses(this.#finder.all);
  }

  #command(): readonly string[] {
    const { program, isolation: { bubblewrap, setpriv }, plugin, limits } = this.#options;
    const { command, arguments: before, files, script, readable } = program;
    if (bubblewrap !== undefined) {
      const content = { plugin, runtime: files, work: this.work, readable, diskBytes: limits.diskBytes };
      return [bubblewrap.path, ...bubblewrapArguments(bubblewrap, content), command, ...before, `${INSIDE.runtime}/${script}`, this.#mark];
    }
    return [...(setpriv === undefined ? [] : [setpriv, "--no-new-privs"]), command, ...before, join(files, script), this.#mark];
  }

  /** Nothing of what this process has. */
  #environment(): Readonly<Record<string, string>> {
    const home = this.#options.isolation.bubblewrap === undefined ? this.work ?? "/" : INSIDE.work;
    return { ...CLEAN_ENVIRONMENT, HOME: home, TMPDIR: home, PYTHONDONTWRITEBYTECODE: "1", [MARK]: this.#mark };
  }
}

async function threadsOfThisUser(): Promise<number> {
  const own = process.geteuid?.() ?? -1;
  return (await surveyProcesses()).reduce((sum, { users, threads }) => (users.includes(own) ? sum + threads : sum), 0);
}
