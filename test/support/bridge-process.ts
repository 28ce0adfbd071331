/** A bridge as an operator starts it: the command line, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND_LINE = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../../.cache/packages/", import.meta.url));
/** The packages of native and Python fixtures. */
export const BRIDGE_PLUGINS = join(PACKAGES, "bridge");

/** Why the package of a native or Python fixture is not there: its toolchain was missing when the fixtures were built. */
export function missingBridgePlugin(name: string): string | undefined {
  if (existsSync(join(BRIDGE_PLUGINS, `fixture.${name}`))) return undefined;
  return `fixture.${name} was not built: native fixtures need cargo, and Python ones python3 3.9 or newer`;
}

export interface BridgeStart {
  /** Origins of the pages that may connect. */
  readonly origins: readonly string[];
  readonly plugins?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** More of the command's arguments. */
  readonly options?: readonly string[];
  /** Where it keeps what is temporary. Default: where every program does. */
  readonly temporaryFolder?: string;
}

export class BridgeProcess {
  readonly token = "a-token-of-the-tests-that-is-long-enough";
  readonly #start: BridgeStart;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #port = 0;
  /** Of every process that it was. */
  readonly pids = new Set<number>();
  /** Lines of its log. */
  readonly log: string[] = [];

  private constructor(start: BridgeStart, folder: string) {
    this.#start = start;
    this.#folder = folder;
    this.#port = start.port ?? 0;
  }

  static async start(start: BridgeStart): Promise<BridgeProcess> {
    const bridge = new BridgeProcess(start, await mkdtemp(join(tmpdir(), "portcullis-test-bridge-")));
    await writeFile(join(bridge.#folder, "tokens"), `${bridge.token}\n`, { mode: 0o600 });
    await bridge.run();
    return bridge;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, again at the same port. */
  async run(): Promise<void> {
    const { origins, plugins = BRIDGE_PLUGINS, options = [], temporaryFolder } = this.#start;
    const child = spawn(process.execPath, [
      COMMAND_LINE, "bridge", "--plugins", plugins, "--listen", `127.0.0.1:${this.#port}`, "--trust", join(PACKAGES, "publisher.pub"),
      "--token-file", join(this.#folder, "tokens"), ...origins.flatMap((origin) => ["--allow-origin", origin]), "--json", ...options,
    ], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...(temporaryFolder !== undefined && { TMPDIR: temporaryFolder }) } });
    this.#child = child;
    if (child.pid !== undefined) this.pids.add(child.pid);
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => void this.log.push(chunk));
    const announced = new Promise<number>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        const port = /"port":\s*(\d+)/.exec(text)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
      child.once("exit", (code) => reject(new Error(`The bridge ended with ${code} before it listened: ${this.log.join("")}`)));
    });
    this.#port = await announced;
  }

  /** Has whoever reads its log go away. */
  loseLog(): void {
    this.#child?.stderr?.destroy();
  }

  /** Its exit code, or the signal that ended it; `null` while it runs. */
  get ending(): number | NodeJS.Signals | null {
    return this.#child?.exitCode ?? this.#child?.signalCode ?? null;
  }

  /** Ends it by `signal`, and waits until it has ended. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.ending !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    await this.end();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Value of one of its metrics, of all labels together. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/metrics`);
    const lines = (await answer.text()).split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** How many descriptors it has open. */
  async descriptors(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  /** The processes that came of it and still run, whatever became of their parents. */
  async descendants(): Promise<number[]> {
    const parents = new Map<number, number>();
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      const parent = /^\d+ \(.*\) [^Z] (\d+)/s.exec(stat)?.[1];
      if (parent !== undefined) parents.set(Number(name), Number(parent));
    }
    const isBelow = (pid: number | undefined): boolean => pid !== undefined && pid > 1 && (pid === this.pid || isBelow(parents.get(pid)));
    return [...parents.keys()].filter((pid) => pid !== this.pid && isBelow(parents.get(pid)));
  }
}

/**
 * Processes on this machine that run the programs of instances of these bridges: each is started with a mark that begins with the
 * bridge's own number. None may be left when the bridges are gone.
 */
export async function instanceProcesses(bridges: ReadonlySet<number>): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    const mark = /(?:python-runner\.py|native-host\.js)\0(\d+)-/.exec(command)?.[1];
    if (mark !== undefined && bridges.has(Number(mark))) found.push(`${name} ${command.replaceAll("\0", " ")}`);
  }
  return found;
}
