import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BUBBLEWRAP, claimedUsers, executorFolder, MODES, openExecutor, rejection, remainingProcesses, SHARED, SHARED_BUBBLEWRAP, type TestInstance, USERS } from "./executor-fixture.js";

/** Remembers the user that an instance runs as, so that whatever remains of it is found by that too. */
async function remember(instance: TestInstance): Promise<void> {
  const { uid: [uid = 0] } = await instance.runJson<{ uid: number[] }>("describe");
  if (uid !== process.geteuid?.()) claimedUsers.add(uid);
}

// After each test, executor-fixture.ts closes the executor and looks for processes and files that are left.
describe.each(MODES)("processes under $name", (mode) => {
  const test = it.skipIf(mode.unavailable !== undefined);

  test("attack: children leave its group, its session, its directory, and one its environment", async () => {
    const { start, executor, log } = await openExecutor({ mode });
    const instance = await start();
    await remember(instance);
    expect(await instance.run("detach")).toBe("detached");
    // Itself, and at least the one that still can be told by its environment.
    expect(remainingProcesses().length).toBeGreaterThanOrEqual(2);
    await instance.end();
    expect(remainingProcesses()).toEqual([]);
    expect(executor.running).toBe(0);
    expect(log.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("attack: children stay when it crashes", async () => {
    const { start } = await openExecutor({ mode });
    const instance = await start();
    await remember(instance);
    await instance.run("detach");
    await rejection(instance.run("crash SIGSEGV"));
    await instance.end();
    expect(remainingProcesses()).toEqual([]);
  });

  test("attack: it hides from whoever looks at processes, and so do its children", async () => {
    const { start } = await openExecutor({ mode });
    const instance = await start();
    await remember(instance);
    expect(await instance.run("hidden detach")).toBe("detached");
    await instance.end();
    expect(remainingProcesses()).toEqual([]);
  });

  test("attack: it ignores every signal that can be ignored", async () => {
    const { start } = await openExecutor({ mode });
    const instance = await start();
    await remember(instance);
    expect(await rejection(instance.run("stubborn", 200))).toMatchObject({ code: "timeout" });
    await instance.end();
    expect(remainingProcesses()).toEqual([]);
  });

  test("attack: it is ended while it starts", async () => {
    const { start } = await openExecutor({ mode });
    const controller = new AbortController();
    const starting = rejection(start({ config: '{"begin":"silent"}' }, controller.signal));
    setTimeout(() => controller.abort(), 20);
    expect(await starting).toMatchObject({ code: "aborted" });
    expect(remainingProcesses()).toEqual([]);
  });
});

// As this user without bubblewrap it escapes: nothing tells such a process from others, and no signal meets it.
describe.each([BUBBLEWRAP, SHARED_BUBBLEWRAP, USERS])("a process that is never there when it is looked for, under $name", (mode) => {
  const test = it.skipIf(mode.unavailable !== undefined);

  test("attack: it is done by its child before anybody can look for it, again and again", async () => {
    const beats = join(executorFolder(), "beats");
    mkdirSync(beats);
    chmodSync(beats, 0o777);
    const beat = join(beats, "alive");
    try {
      const { start } = await openExecutor({ mode });
      const instance = await start();
      // Under bubblewrap there is no such folder: it is looked for among processes only.
      const sees = mode.options.isolation !== "required";
      expect(await instance.run(`phoenix ${sees ? beat : ""}`)).toBe("rising");
      if (sees) await expect.poll(() => existsSync(beat)).toBe(true);
      await instance.end();
      for (let look = 0; look < 20; look += 1) {
        rmSync(beat, { force: true });
        await new Promise((resolve) => setTimeout(resolve, 10));
        expect([existsSync(beat), remainingProcesses()]).toEqual([false, []]);
      }
    } finally {
      rmSync(beats, { recursive: true });
    }
  });
});

describe.each([BUBBLEWRAP, USERS])("a user of its own, under $name", (mode) => {
  const test = it.skipIf(mode.unavailable !== undefined || process.geteuid?.() !== 0);

  test("attack: a fork bomb gets no more processes than it may have, and all of them are ended", async () => {
    const { start } = await openExecutor({ mode, limits: { processes: 24, callMilliseconds: 3000 } });
    const instance = await start();
    await remember(instance);
    const answer = instance.run("fork_bomb").catch((error: Error) => error.message);
    await expect.poll(() => remainingProcesses().length).toBeGreaterThan(8);
    expect(remainingProcesses().length).toBeLessThanOrEqual(24 + 4);
    await instance.end();
    await answer;
    expect(remainingProcesses()).toEqual([]);
  });

  test("attack: it starts threads without end", async () => {
    const { start } = await openExecutor({ mode, limits: { processes: 24, memoryBytes: 1024 ** 3 } });
    const instance = await start();
    const [, count = "9999"] = /after (\d+)/.exec(await instance.run("threads")) ?? [];
    expect(Number(count)).toBeLessThanOrEqual(28);
  });
});

describe.skipIf(process.geteuid?.() !== 0)("processes as this user", () => {
  it("attack: it starts threads without end, and no limit of the kernel counts them", async () => {
    // Root is bound by no limit on processes.
    const { start } = await openExecutor({ mode: SHARED, limits: { processes: 24, memoryBytes: 1024 ** 3 } });
    const instance = await start();
    expect(await rejection(instance.run("threads wait"))).toMatchObject({ code: "crashed", message: expect.stringMatching(/processes and threads, and at most 24/) as string });
    await instance.end();
    expect(remainingProcesses()).toEqual([]);
  });
});

describe("what is no instance's", () => {
  it("stays, though it has come to be where one was", async () => {
    // An operator's shell, older than the instance that it looks at.
    const shell = spawn("/bin/sh", [], { stdio: ["pipe", "ignore", "ignore"] });
    try {
      const { start } = await openExecutor({ mode: SHARED });
      const instance = await start();
      const { directory } = await instance.runJson<{ directory: string }>("describe");
      shell.stdin.write(`cd ${directory} && exec sleep 600\n`);
      await expect.poll(() => readlinkSync(`/proc/${shell.pid}/cwd`)).toBe(directory);
      await instance.end();
      expect([shell.exitCode, shell.signalCode]).toEqual([null, null]);
      expect(readFileSync(`/proc/${shell.pid}/comm`, "latin1")).toBe("sleep\n");
    } finally {
      shell.kill("SIGKILL");
    }
  });
});

describe("many instances", () => {
  it("leave nothing, whatever end they come to", async () => {
    const { start, executor } = await openExecutor({ mode: BUBBLEWRAP.unavailable === undefined ? BUBBLEWRAP : SHARED, limits: { callMilliseconds: 2000 } });
    const before = readdirSync("/proc/self/fd").length;
    const ways = ["echo fine", "detach", "crash SIGSEGV", "stubborn", "garbage", "close_descriptors", "fork_bomb", "slow 60"];
    const instances = await Promise.all(ways.map(() => start()));
    await Promise.all(instances.map(remember));
    await Promise.all(instances.map(async (instance, index) => instance.run(ways[index] ?? "", 500).catch(() => {})));
    await Promise.all(instances.map((instance) => instance.end()));
    expect(executor.running).toBe(0);
    expect(remainingProcesses()).toEqual([]);
    await expect.poll(() => readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });
});
