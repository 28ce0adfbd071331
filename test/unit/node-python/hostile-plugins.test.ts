import { expect, test, vi } from "vitest";
import { encodeFrame, REPORT } from "../../../src/node/executor/process-frames.js";
import { describePython, type FunctionShape, RUNNER, startedPlugin, startPlugin } from "./python-process.js";

const RUN: FunctionShape = { name: "run", ok: "string" };
const run = (...lines: readonly string[]): string => ["import os, sys", "def run():", ...lines.map((line) => `    ${line}`)].join("\n");

/** Finds the runner's descriptor as a plugin could. */
const CHANNEL = ["import gc", "(channel,) = (thing.descriptor for thing in gc.get_objects() if type(thing).__name__ == 'Channel')"];

describePython("attack: a plugin that works against its process", () => {
  test("closes every descriptor while it is loaded", async () => {
    const { plugin, report } = await startPlugin({ source: "import os\nos.closerange(0, 4096)\ndef run(): return ''\n", functions: [RUN] });
    expect(report).toBeUndefined();
    expect(await plugin.exited()).toBe(1);
  });

  test("closes every descriptor in a call", async () => {
    const plugin = await startedPlugin({ source: run("os.closerange(0, 4096)", "return ''"), functions: [RUN] });
    expect(await plugin.call("run")).toEqual({ kind: "ended" });
    expect(await plugin.exited()).toBe(1);
  });

  test("writes garbage to every descriptor while it is loaded", async () => {
    const source = "import os\nfor descriptor in range(4096):\n    try: os.write(descriptor, b'\\xff' * 64)\n    except OSError: pass\ndef run(): return ''\n";
    const { plugin, report } = await startPlugin({ source, functions: [RUN] });
    expect(report).toBeUndefined();
    expect(plugin.isBroken).toBe(true);
    await plugin.exited();
  });

  test.skipIf(process.platform !== "linux")("closes or reuses small descriptors, where the channel is not", async () => {
    const plugin = await startedPlugin({ source: run(...CHANNEL, "os.closerange(3, 64)", "return str(channel >= 200)"), functions: [RUN] });
    for (const _ of [1, 2]) expect(await plugin.call("run")).toMatchObject({ kind: "ok", value: "True" });
  });

  test.skipIf(process.platform !== "linux")("starts a program, which does not have the channel", async () => {
    const child = "subprocess.run(['ls', '-l', '/proc/self/fd'], stdout=subprocess.PIPE, close_fds=False, text=True).stdout";
    const plugin = await startedPlugin({ source: run("import subprocess", ...CHANNEL, `listing = ${child}`, "return str('->' in listing and os.readlink(f'/proc/self/fd/{channel}') not in listing)"), functions: [RUN] });
    expect(await plugin.call("run")).toMatchObject({ kind: "ok", value: "True" });
  });

  test("forks, and returns in both processes: there is one answer", async () => {
    const plugin = await startedPlugin({ source: `${run("child = os.fork()", "return str(child == 0)")}\ndef wait(): return str(os.waitstatus_to_exitcode(os.wait()[1]))\n`, functions: [RUN, { name: "wait", ok: "string" }] });
    expect(await plugin.call("run")).toMatchObject({ kind: "ok", value: "False" });
    expect(await plugin.call("wait")).toMatchObject({ kind: "ok", value: "1" });
    expect(await plugin.call("run")).toMatchObject({ kind: "ok", value: "False" });
  });

  test("forks a child that stays: the executor sees the end of the process", async () => {
    const plugin = await startedPlugin({ source: run("child = os.fork()", "if child == 0: os.execvp('sleep', ['sleep', '600'])", "return str(child)"), functions: [RUN] });
    const answer = await plugin.call("run");
    plugin.child.kill("SIGKILL");
    expect(await plugin.next()).toBeUndefined();
    process.kill(Number(answer.kind === "ok" ? answer.value : 0), "SIGKILL");
  });

  test("replaces the streams that its log is", async () => {
    const plugin = await startedPlugin({ source: run("sys.stdout.close()", "sys.stderr = None", "sys.__stderr__ = 5", "raise ValueError('unseen')"), functions: [RUN] });
    for (const _ of [1, 2]) expect(await plugin.call("run")).toMatchObject({ kind: "trap", message: expect.stringContaining("Error") });
  });

  test("ignores the signals that end a process, and ends with its executor all the same", async () => {
    const plugin = await startedPlugin({ source: run("import signal", "for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)", "return 'ignoring'"), functions: [RUN] });
    expect(await plugin.call("run")).toMatchObject({ value: "ignoring" });
    plugin.disconnect();
    expect(await plugin.exited()).toBe(0);
  });

  test.skipIf(process.platform !== "linux")("never returns, when its executor was killed", async () => {
    // The shell is in the executor's place. The channel stays open, so that only the executor's death can end the process.
    const command = ["sh", "-c", 'python3 "$0" & wait', RUNNER];
    const plugin = await startedPlugin({ source: run("print('looping')", "while True: pass"), functions: [RUN], command });
    const call = plugin.call("run");
    await vi.waitFor(() => expect(plugin.log).toContain("looping"), { timeout: 30_000 });
    plugin.child.kill("SIGKILL");
    expect(await call).toEqual({ kind: "ended" });
  });

  test("answers with more than a message may have", async () => {
    const plugin = await startedPlugin({ source: run("return 'x' * 9_000_000"), functions: [RUN] });
    expect(await plugin.call("run")).toEqual({ kind: "trap", message: "the result takes 9000008 bytes, and a message has room for 8388608" });
  });

  test("forges frames: they are whatever they say, and the executor must judge them", async () => {
    const forged = [...encodeFrame(REPORT.answer, 77, Uint8Array.of(0))].join();
    const source = run(`frame = bytes([${forged}])`, "for descriptor in range(3, 4096):", "    try: os.write(descriptor, frame)", "    except OSError: pass", "return 'after'");
    const plugin = await startedPlugin({ source, functions: [RUN] });
    await expect(plugin.call("run")).rejects.toThrow("a frame of kind 19 with id 77 where an answer must be");
  });
});

describePython("the limit on memory", () => {
  const MEBIBYTE = 1024 * 1024;
  const functions: readonly FunctionShape[] = [{ name: "take", parameters: ["u32"], ok: "u32" }, { name: "limit", ok: { kind: "tuple", items: ["s64", "s64"] } }, { name: "texts", parameters: [{ kind: "list", element: { kind: "option", value: "bool" } }], ok: "u32" }];
  const source = "import resource\ndef take(size): return len(bytearray(size))\ndef texts(items): return len(items)\ndef limit(): return resource.getrlimit(resource.RLIMIT_DATA)\n";

  test.skipIf(process.platform !== "linux")("bounds what a call takes: that is a trap, and the process goes on", async () => {
    const plugin = await startedPlugin({ source, functions, changes: { memoryBytes: 64 * MEBIBYTE } });
    expect(await plugin.call("take", [16 * MEBIBYTE])).toMatchObject({ kind: "ok" });
    expect(await plugin.call("take", [256 * MEBIBYTE])).toEqual({ kind: "trap", message: "MemoryError" });
    expect(await plugin.call("take", [16 * MEBIBYTE])).toMatchObject({ kind: "ok" });
  });

  test.skipIf(process.platform !== "linux")("attack: arguments that take more memory in Python than they have bytes", async () => {
    const plugin = await startedPlugin({ source, functions, changes: { memoryBytes: 16 * MEBIBYTE } });
    const bytes = new Uint8Array(8 + 7 * MEBIBYTE);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(7 * MEBIBYTE), true);
    expect(await plugin.call("texts", bytes)).toEqual({ kind: "trap", message: "MemoryError" });
    expect(await plugin.call("take", [1])).toMatchObject({ kind: "ok" });
  });

  test.skipIf(process.platform !== "linux")("counts from what the runtime has, and cannot be raised again", async () => {
    const plugin = await startedPlugin({ source, functions, changes: { memoryBytes: 64 * MEBIBYTE } });
    const answer = await plugin.call("limit");
    const [soft, hard] = (answer as { value: readonly [bigint, bigint] }).value;
    expect(soft).toBe(hard);
    expect(soft).toBeGreaterThan(64n * 1_048_576n);
    const none = await startedPlugin({ source, functions });
    expect(await none.call("limit")).not.toMatchObject({ value: [soft, hard] });
  });

  test.skipIf(process.platform !== "linux")("stops a module that takes too much while it is loaded", async () => {
    const { report } = await startPlugin({ source: "data = bytearray(512 << 20)\n", functions: [], changes: { memoryBytes: 64 * MEBIBYTE } });
    expect(report?.content).toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("raised MemoryError") });
  });
});
