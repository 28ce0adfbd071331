import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bubblewrapArguments, findBubblewrap } from "../../../src/node/executor/bubblewrap.js";
import { exitWords } from "../../../src/node/executor/exit-words.js";
import { findTool } from "../../../src/node/executor/find-executable.js";
import { chooseIsolation } from "../../../src/node/executor/isolation.js";
import { DEFAULT_PROCESS_LIMITS } from "../../../src/node/executor/process-limits.js";
import { limitingScript } from "../../../src/node/executor/resource-limits.js";
import { type ProgramRun, runProgram } from "../../../src/node/executor/run-program.js";
import { findRuntime } from "../../../src/node/executor/runtime-programs.js";
import { BUBBLEWRAP, HOSTILE_RUNNER, isRoot, openExecutor, PYTHON, rejection, SHARED_BUBBLEWRAP } from "./executor-fixture.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-isolation-"));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LIMITS = { dataBytes: 100 * 1024 * 1024, processes: 2000, openFiles: 128, diskBytes: 4096, processorSeconds: 7 };

/** Runs a script as a shell's own, without whatever descriptors this test was started with. */
function runScript(shell: readonly string[], script: string, ...command: readonly string[]): Promise<ProgramRun> {
  const closing = 'for path in /proc/self/fd/*; do number=${path##*/}; [ "$number" -le 2 ] || eval "exec $number>&-"; done; exec "$@"';
  const bash = findTool("bash");
  return runProgram(bash ?? "/bin/sh", [...(bash === undefined ? [] : ["--norc"]), "-c", bash === undefined ? 'exec "$@"' : closing, "sh", ...shell, "-c", script, "sh", ...command]);
}

describe("limits before a program", () => {
  const shells = ["dash", "bash", "busybox", "ksh", "mksh"].flatMap((name) => {
    const path = findTool(name);
    return path === undefined ? [] : [[name, path] as const];
  });

  it.each(shells)("are set alike by %s", async (name, path) => {
    const run = await runScript([path, ...(name === "busybox" ? ["sh"] : name === "bash" ? ["--norc", "--posix"] : [])], limitingScript(LIMITS, name === "bash"), "/bin/cat", "/proc/self/limits");
    expect(run.problem).toBe("");
    const limits = new Map(run.output.split("\n").slice(1).map((line) => [line.slice(0, 26).trim(), line.slice(26).trim().split(/\s+/).slice(0, 2).map(Number)]));
    expect(limits.get("Max data size")).toEqual([104_857_600, 104_857_600]);
    expect(limits.get("Max processes")).toEqual([2000, 2000]);
    expect(limits.get("Max open files")).toEqual([128, 128]);
    expect(limits.get("Max file size")).toEqual([4096, 4096]);
    expect(limits.get("Max cpu time")).toEqual([7, 12]);
    expect(limits.get("Max core file size")).toEqual([0, 0]);
  });

  it("attack: a shell that cannot set one starts nothing", async () => {
    const script = `ulimit() { return 2; }\n${limitingScript(LIMITS, false)}`;
    const run = await runScript(["/bin/sh"], script, "/bin/echo", "started");
    expect(run).toMatchObject({ succeeded: false, output: "", problem: expect.stringContaining("cannot limit core dumps") as string });
  });

  it("keep a limit of this system that is tighter", async () => {
    // Root may raise any limit again, so that it is tried as somebody else.
    const drop = isRoot ? ["/usr/bin/setpriv", "--reuid=61980", "--regid=61980", "--clear-groups"] : [];
    const run = await runScript(["/bin/sh"], `ulimit -n 20; exec "$@"`, ...drop, "/bin/sh", "-c", limitingScript(LIMITS, false), "sh", "/bin/sh", "-c", "ulimit -n");
    expect(run).toMatchObject({ succeeded: true, output: "20\n" });
  });

  it("hand the program's arguments over as they are", async () => {
    const odd = ["a b", "", "$(id)", "'\"", "-n", "*"];
    const run = await runScript(["/bin/sh"], limitingScript(LIMITS, false), PYTHON, "-I", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", ...odd);
    expect(JSON.parse(run.output)).toEqual(odd);
  });
});

describe("isolation", () => {
  it.skipIf(BUBBLEWRAP.unavailable !== undefined)("is bubblewrap where it works, and nothing where nothing is wanted", async () => {
    expect((await chooseIsolation("preferred", undefined, folder)).bubblewrap?.path).toMatch(/bwrap$/);
    expect(await chooseIsolation("none", undefined, folder)).toMatchObject({ bubblewrap: undefined, reason: expect.stringContaining("told to do without") as string });
  });

  it("attack: bubblewrap is there and does not work, and isolation is required", async () => {
    const nowhere = join(folder, "nowhere");
    const failure = await rejection(chooseIsolation("required", undefined, nowhere));
    expect(failure).toMatchObject({ code: "runtime-unsupported", message: expect.stringMatching(/isolation is required, and bubblewrap .*(?:apt install bubblewrap)/) as string });
    expect(await chooseIsolation("preferred", undefined, nowhere)).toMatchObject({ bubblewrap: undefined, reason: expect.stringContaining("bubblewrap") as string });
  });

  it.skipIf(BUBBLEWRAP.unavailable !== undefined)("attack: an older bubblewrap bounds no folder, and the instance writes where nothing else does", async () => {
    const found = await findBubblewrap(undefined, folder);
    if (typeof found === "string") throw new Error(found);
    const old = { ...found, boundsFolders: false, deniesNamespaces: false };
    writeFileSync(join(folder, "kept"), "x");
    const content = { plugin: folder, runtime: folder, work: folder, readable: [], diskBytes: 4096 };
    const attempt = "for path in /instance/a /dev/shm/a /dev/a /a /plugin/a; do (echo x > $path) 2>/dev/null && echo $path; done";
    const run = await runProgram(old.path, [...bubblewrapArguments(old, content), "/bin/sh", "-c", attempt]);
    expect(run.output).toBe("/instance/a\n");
    expect(readdirSync(folder).sort()).toEqual(["a", "kept"]);
  });
});

describe("a runtime", () => {
  const paths = { pythonRunner: HOSTILE_RUNNER, nativeHost: HOSTILE_RUNNER };

  it("is the first that runs, and its files are where every user can read them", async () => {
    writeFileSync(join(folder, "broken"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const failure = await rejection(findRuntime("python", { ...paths, python: join(folder, "broken") }, undefined, join(folder, "runtime")));
    expect(failure).toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("broken does not run") as string });
    const found = await findRuntime("python", paths, undefined, join(folder, "runtime"));
    expect(found).toMatchObject({ script: "hostile-runner.py", arguments: ["-I", "-B"] });
    expect(readFileSync(join(found.files, found.script), "utf8")).toBe(readFileSync(HOSTILE_RUNNER, "utf8"));
  });

  it("must be recent enough", async () => {
    writeFileSync(join(folder, "old"), "#!/bin/sh\nprintf '2\\n7\\n/usr/bin/python2\\n/usr\\n/usr\\n'\n", { mode: 0o755 });
    expect(await rejection(findRuntime("python", { ...paths, python: join(folder, "old") }, undefined, join(folder, "runtime")))).toMatchObject({ message: expect.stringContaining("is version 2.7") as string });
  });

  it.skipIf(!isRoot)("must be one that the instances' user can run", async () => {
    const closed = mkdtempSync(join(tmpdir(), "portcullis-closed-"));
    try {
      writeFileSync(join(closed, "python3"), "#!/bin/sh\nexec /usr/bin/python3 \"$@\"\n", { mode: 0o755 });
      const python = join(closed, "python3");
      expect((await findRuntime("python", { ...paths, python }, undefined, join(folder, "runtime"))).command).toBe("/usr/bin/python3");
      const failure = await rejection(findRuntime("python", { ...paths, python }, { uid: 61_980, gid: 61_980 }, join(folder, "runtime")));
      expect(failure).toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("user 61980, who instances run as") as string });
    } finally {
      rmSync(closed, { recursive: true });
    }
  });

  it("of native plugins brings along koffi, and what the host is made of", async () => {
    // Beside koffi, as an installed package is.
    const built = mkdtempSync(fileURLToPath(new URL("../../../node_modules/.portcullis-host-", import.meta.url)));
    try {
      writeFileSync(join(built, "native-host.js"), 'import { size } from "./size-Ab1_.js";\nimport"./empty.js"\nconsole.log(await size());\n');
      writeFileSync(join(built, "size-Ab1_.js"), 'export const size = async () => (await import("./koffi-chunk.js")).koffi.sizeof("int");\n');
      writeFileSync(join(built, "koffi-chunk.js"), 'export { default as koffi } from "koffi";\n');
      writeFileSync(join(built, "empty.js"), "");
      writeFileSync(join(built, "secret.js"), "");
      const found = await findRuntime("rust", { ...paths, nativeHost: join(built, "native-host.js") }, undefined, join(folder, "runtime"));
      rmSync(built, { recursive: true });
      expect(readdirSync(found.files).sort()).toEqual(["empty.js", "koffi-chunk.js", "native-host.js", "node_modules", "package.json", "size-Ab1_.js"]);
      const run = await runProgram(found.command, [join(found.files, found.script)], isRoot ? { uid: 61_980, gid: 61_980 } : undefined);
      expect(run).toMatchObject({ output: "4\n", problem: "" });
    } finally {
      rmSync(built, { recursive: true, force: true });
    }
  });

  it("of native plugins needs koffi", async () => {
    writeFileSync(join(folder, "native-host.js"), "");
    expect(await rejection(findRuntime("rust", { ...paths, nativeHost: join(folder, "native-host.js") }, undefined, join(folder, "runtime")))).toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("npm install koffi") as string });
  });

  it.skipIf(BUBBLEWRAP.unavailable !== undefined)("outside of the system's folders runs under bubblewrap too", async () => {
    const made = await runProgram(PYTHON, ["-m", "venv", "--without-pip", join(folder, "environment")]);
    if (!made.succeeded) return;
    const { start } = await openExecutor({ mode: SHARED_BUBBLEWRAP, runtimes: { python: join(folder, "environment/bin/python3"), pythonRunner: HOSTILE_RUNNER } });
    const [found = ""] = await (await start()).runJson<string[]>(`read_files ${JSON.stringify([join(folder, "environment/pyvenv.cfg")])}`);
    expect(found).toContain("done");
  });
});

describe("an executor's folder", () => {
  it.skipIf(!isRoot)("must be one that users of their own can pass through", async () => {
    chmodSync(folder, 0o700);
    const { start } = await openExecutor({ folder });
    expect(await rejection(start())).toMatchObject({ code: "usage-invalid", message: expect.stringContaining("chmod o+x") as string });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("must be there", async () => {
    const { executor } = await openExecutor({ folder: join(folder, "nowhere") });
    expect(await rejection(executor.prepare())).toMatchObject({ code: "storage-failed" });
  });
});

describe("the end of a process, in words", () => {
  const circumstances = { errorOutput: "", limits: DEFAULT_PROCESS_LIMITS, isStarted: true };
  it.each([
    [{ code: 139, signal: null }, "crashed", "was ended by SIGSEGV"],
    [{ code: 152, signal: null }, "timeout", "processor time"],
    [{ code: null, signal: "SIGXFSZ" }, "crashed", "a file larger than 268435456 bytes"],
    [{ code: 200, signal: null }, "crashed", "exited with code 200"],
    [{ code: 0, signal: null }, "crashed", "exited with code 0"],
    [{ code: null, signal: null }, "crashed", "exited with code unknown"],
  ])("%j is %s", (status, code, words) => {
    expect(exitWords(status, circumstances)).toMatchObject({ code, stage: "call", message: expect.stringContaining(words) as string });
  });

  it("is another before a plugin was loaded", () => {
    expect(exitWords({ code: 1, signal: null }, { ...circumstances, isStarted: false })).toMatchObject({ code: "instantiate-failed", stage: "instantiate" });
  });
});
