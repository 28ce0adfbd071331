import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { PluginError } from "../../errors/plugin-error.js";
import { findExecutables } from "./find-executable.js";
import { runProgram } from "./run-program.js";
import { nativeHostFiles, pythonRunnerFiles, type RuntimeFiles } from "./runtime-files.js";

/** The runtimes that run in processes. */
export type ProcessRuntime = "rust" | "python";

/** Where the programs are that run plugins. */
export interface RuntimePaths {
  /** A python3 of 3.9 or later. Left out: the first on `PATH`, or of the system, that the instances' user can run. */
  readonly python?: string;
  /** A Node of 20 or later. Left out: this process's own, or the first on `PATH` that the instances' user can run. */
  readonly node?: string;
  /** `python-runner.py` of this package. */
  readonly pythonRunner: string;
  /** `native-host.js` of this package. */
  readonly nativeHost: string;
}

/** This package's own, beside this file where the package is built. */
export function packagedRuntimes(): RuntimePaths {
  return {
    pythonRunner: fileURLToPath(new URL("./python-runner.py", import.meta.url)),
    nativeHost: fileURLToPath(new URL("./native-host.js", import.meta.url)),
  };
}

/** How the process of one runtime is started. */
export interface RuntimeProgram {
  readonly command: string;
  /** Before the script. */
  readonly arguments: readonly string[];
  /** The script's name in {@link files}. */
  readonly script: string;
  /** A folder that every user can read. */
  readonly files: string;
  /** Folders outside of the system's own that the program is made of. */
  readonly readable: readonly string[];
  /** What the runtime itself needs before any plugin is in it, in bytes of data. */
  readonly baseBytes: number;
}

interface RuntimeKind {
  readonly name: string;
  readonly candidates: (paths: RuntimePaths) => readonly string[];
  /** Prints one line: the version's two numbers, and where the program and its parts are. */
  readonly question: readonly string[];
  readonly least: readonly [number, number];
  readonly arguments: readonly string[];
  readonly files: (paths: RuntimePaths, target: string) => Promise<RuntimeFiles>;
  readonly baseBytes: number;
  readonly advice: string;
}

const MEBIBYTE = 1024 * 1024;

const KINDS: Readonly<Record<ProcessRuntime, RuntimeKind>> = {
  python: {
    name: "python3",
    candidates: ({ python }) => (python === undefined ? findExecutables("python3") : [python]),
    question: ["-I", "-c", "import sys; print(*sys.version_info[:2], sys.executable, sys.base_prefix, sys.prefix, sep='\\n')"],
    least: [3, 9],
    // Isolated from the environment and the user's own packages; nothing is written beside modules.
    arguments: ["-I", "-B"],
    files: ({ pythonRunner }, target) => pythonRunnerFiles(pythonRunner, target),
    baseBytes: 64 * MEBIBYTE,
    advice: "Install Python 3.9 or later for all users (apt install python3), or give the path of one",
  },
  rust: {
    name: "node",
    candidates: ({ node }) => (node === undefined ? [process.execPath, ...findExecutables("node")] : [node]),
    question: ["-p", "[...process.versions.node.split('.').slice(0, 2), process.execPath].join('\\n')"],
    least: [20, 0],
    arguments: [],
    files: ({ nativeHost }, target) => nativeHostFiles(nativeHost, target),
    baseBytes: 192 * MEBIBYTE,
    advice: "Install Node 20 or later for all users, or run the executor as an ordinary user who can run this one",
  },
};

/**
 * Finds the programs of a runtime that `user` can run, and puts its files into `target`, where every user can read them: those of
 * this package may be in a folder that only its owner can enter.
 *
 * @throws {PluginError} `runtime-unsupported`, with everything that was tried.
 */
export async function findRuntime(runtime: ProcessRuntime, paths: RuntimePaths, user: { readonly uid: number; readonly gid: number } | undefined, target: string): Promise<RuntimeProgram> {
  const kind = KINDS[runtime];
  const problems: string[] = [];
  for (const command of new Set(kind.candidates(paths))) {
    const found = await askProgram(command, kind, user);
    if (typeof found !== "string") {
      const files = await kind.files(paths, target);
      return { command: found.command, arguments: kind.arguments, ...files, readable: found.readable, baseBytes: kind.baseBytes };
    }
    problems.push(`${command} ${found}`);
  }
  const who = user === undefined ? "this user" : `user ${user.uid}, who instances run as,`;
  const tried = problems.length === 0 ? "none was found" : problems.join("; ");
  throw new PluginError({ code: "runtime-unsupported", stage: "instantiate", message: `Cannot start ${runtime} plugins: there is no ${kind.name} that ${who} can run: ${tried}. ${kind.advice}` });
}

async function askProgram(command: string, kind: RuntimeKind, user: { readonly uid: number; readonly gid: number } | undefined): Promise<Pick<RuntimeProgram, "command" | "readable"> | string> {
  const run = await runProgram(command, kind.question, user);
  if (!run.succeeded) return `does not run (${run.problem})`;
  const [major = "", minor = "", executable = "", ...folders] = run.output.trim().split("\n");
  const isRecent = Number(major) > kind.least[0] || (Number(major) === kind.least[0] && Number(minor) >= kind.least[1]);
  if (!isRecent) return `is version ${major}.${minor}`;
  // What a wrapper script ran is the program: inside, there is nothing of the wrapper.
  if (!executable.startsWith("/")) return "does not say where it is";
  return { command: executable, readable: outsideSystem([executable, realpathSync(executable), ...folders]) };
}

/** Those that no system folder has. Never a whole home, or everything: then the program only runs where nothing is hidden. */
function outsideSystem(paths: readonly string[]): readonly string[] {
  const isSystem = (path: string): boolean => ["/usr", "/bin", "/lib", "/lib64"].some((folder) => path === folder || path.startsWith(`${folder}/`));
  const wanted = paths.filter((path) => path.startsWith("/") && path !== "/" && path !== homedir() && !isSystem(path));
  return [...new Set(wanted)].filter((path) => !wanted.some((other) => other !== path && path.startsWith(`${other}/`)));
}
