import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "./find-executable.js";
import { runProgram } from "./run-program.js";

/** A bubblewrap that works here, and what its version can do. */
export interface Bubblewrap {
  readonly path: string;
  /** Bounds what is written to memory-backed folders (`--size`, `--perms`: 0.7). */
  readonly boundsFolders: boolean;
  /** Denies new user namespaces, which open much of the kernel to whoever is in one (`--disable-userns`: 0.8). */
  readonly deniesNamespaces: boolean;
}

/** What a process sees of the file system besides the system's programs and libraries. */
export interface SandboxContent {
  /** Folders on this system, each of them readable by the user that the process runs as. */
  readonly plugin: string;
  readonly runtime: string;
  /** Working directory. Used where the version cannot bound one in memory. */
  readonly work: string | undefined;
  /** What else the runtime is made of, at the same places as here. */
  readonly readable: readonly string[];
  readonly diskBytes: number;
}

/** Where a process finds what is its own. */
export const INSIDE = { plugin: "/plugin", runtime: "/runtime", work: "/instance" } as const;

/** Where programs write that do not ask. */
const TEMPORARY = join("/", "tmp");
/** What programs of this system need to be found and started. All else of the file system does not exist inside. */
const SYSTEM_FOLDERS = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
const SYSTEM_FILES = ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/nix/store", "/gnu/store"];
/** Semaphores of C libraries are files there. */
const SHARED_MEMORY_BYTES = 16 * 1024 * 1024;

/**
 * The arguments that put a command into namespaces of its own: no network, no other processes, a file system of which it can
 * change its working directory only. Descriptors are passed on. The command follows them.
 */
export function bubblewrapArguments({ boundsFolders, deniesNamespaces }: Bubblewrap, { plugin, runtime, work, readable, diskBytes }: SandboxContent): readonly string[] {
  const size = (bytes: number): readonly string[] => (boundsFolders ? ["--size", String(bytes)] : []);
  return [
    "--unshare-all", "--unshare-user", ...(deniesNamespaces ? ["--disable-userns"] : []),
    // The first process of a namespace takes all others along.
    "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "plugin",
    "--ro-bind", "/usr", "/usr", ...SYSTEM_FOLDERS.flatMap(systemFolder),
    ...SYSTEM_FILES.flatMap((path) => ["--ro-bind-try", path, path]),
    ...readable.flatMap((path) => ["--ro-bind", path, path]),
    "--ro-bind", plugin, INSIDE.plugin, "--ro-bind", runtime, INSIDE.runtime,
    // Both are kept in memory without a bound of their own, and would belong to the instance.
    "--proc", "/proc", "--dev", "/dev", ...size(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm", ...(boundsFolders ? [] : ["--remount-ro", "/dev/shm"]), "--remount-ro", "/dev",
    ...(work === undefined ? [...size(diskBytes), "--perms", "0700", "--tmpfs", INSIDE.work] : ["--bind", work, INSIDE.work]),
    ...(readable.some((path) => path.startsWith(TEMPORARY)) ? [] : ["--symlink", INSIDE.work.slice(1), TEMPORARY]),
    "--remount-ro", "/", "--chdir", INSIDE.work, "--",
  ];
}

/** As it is here: on most systems these are links into `/usr`. */
function systemFolder(name: string): readonly string[] {
  const path = `/${name}`;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) return ["--symlink", readlinkSync(path), path];
  return found?.isDirectory() === true ? ["--ro-bind", path, path] : [];
}

/**
 * Looks for a bubblewrap and runs it once, since many systems and containers have it and do not let it work.
 *
 * @returns why there is none otherwise.
 */
export async function findBubblewrap(user: { readonly uid: number; readonly gid: number } | undefined, readableFolder: string): Promise<Bubblewrap | string> {
  const path = findTool("bwrap");
  if (path === undefined) return "bubblewrap (bwrap) is not installed";
  const help = await runProgram(path, ["--help"]);
  const has = (option: string): boolean => help.output.includes(option);
  const bubblewrap = { path, boundsFolders: has("--size ") && has("--perms "), deniesNamespaces: has("--disable-userns ") };
  const content = { plugin: readableFolder, runtime: readableFolder, work: bubblewrap.boundsFolders ? undefined : readableFolder, readable: [], diskBytes: 4096 };
  const run = await runProgram(path, [...bubblewrapArguments(bubblewrap, content), "/bin/sh", "-c", "exit 0"], user);
  return run.succeeded ? bubblewrap : `bubblewrap at ${path} does not work here: ${run.problem}`;
}
