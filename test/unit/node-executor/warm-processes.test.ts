import { describe, expect, it } from "vitest";
import { catalogueOf, makePlugin } from "./plugin-fixture.js";
import { MODES, openExecutor, orderFor, rejection, remainingProcesses, SHARED } from "./executor-fixture.js";

const pids = (): readonly number[] => remainingProcesses().map((line) => Number(line.split(" ")[0]));

describe.each(MODES)("warm processes under $name", (mode) => {
  it.skipIf(mode.unavailable !== undefined)("are there after the first use of a package, and each serves one instance", async () => {
    const { start, executor } = await openExecutor({ mode, warm: { perPlugin: 1 } });
    expect(await (await start()).run("echo cold")).toBe("cold");
    await expect.poll(() => executor.report().warm).toBe(1);
    const instance = await start();
    expect(await instance.run("echo warm")).toBe("warm");
    expect(executor.report()).toMatchObject({ started: 2, startedWarm: 1, running: 2 });
    await expect.poll(() => executor.report().warm).toBe(1);
    await instance.end();
    await executor.close();
    expect(remainingProcesses()).toEqual([]);
  });
});

describe("warm processes", () => {
  it("one that died is not handed out", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED, warm: { perPlugin: 2 } });
    const first = await start();
    await expect.poll(() => executor.report().warm).toBe(2);
    await first.end();
    // Without a turn in which the executor could be told of it.
    for (const pid of pids()) process.kill(pid, "SIGKILL");
    while (pids().length > 0);
    expect(executor.report().warm).toBe(2);
    expect(await (await start()).run("echo fresh")).toBe("fresh");
    expect(executor.report().startedWarm).toBe(0);
    await expect.poll(() => executor.report().warm).toBe(2);
  });

  it("are few in total, and those that were wanted least lately give way", async () => {
    const plugins = await Promise.all(["acme.one", "acme.two", "acme.three"].map((id) => makePlugin({ id })));
    const [one, two, three] = plugins;
    const { executor } = await openExecutor({ mode: SHARED, catalogue: catalogueOf(...plugins), warm: { perPlugin: 1, total: 2 } });
    const listeners = { onEvent: () => {}, onEnded: () => {}, onHostCall: () => {} };
    const use = async (plugin: (typeof plugins)[number] | undefined): Promise<number> => {
      if (plugin === undefined) throw new Error("there is none");
      const before = executor.report().startedWarm;
      await (await executor.start(orderFor(plugin), listeners, AbortSignal.timeout(60_000))).end();
      await expect.poll(() => executor.report().warm).toBeGreaterThan(0);
      return executor.report().startedWarm - before;
    };
    expect([await use(one), await use(two)]).toEqual([0, 0]);
    await expect.poll(() => executor.report().warm).toBe(2);
    expect(await use(three)).toBe(0);
    await expect.poll(() => executor.report().warm).toBe(2);
    expect(await use(three)).toBe(1);
    await expect.poll(() => executor.report().warm).toBe(2);
    expect(await use(two)).toBe(1);
    await expect.poll(() => executor.report().warm).toBe(2);
    expect(await use(one)).toBe(0);
    await expect.poll(() => pids().length).toBe(2);
  });

  it("are ended when nobody wants them", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED, warm: { perPlugin: 1, idleMilliseconds: 300 } });
    await (await start()).end();
    await expect.poll(() => executor.report().warm).toBe(1);
    await expect.poll(() => remainingProcesses()).toEqual([]);
    expect(executor.report().warm).toBe(0);
  });

  it("attack: one that waits for its plugin sends something", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED, warm: { perPlugin: 1 } });
    // What another process of the same user may do to it, it can only do to itself here: nothing that it was not given is answered.
    const failure = await rejection((await start()).run("unknown_kind"));
    expect(failure).toMatchObject({ code: "sandbox-violation" });
    await expect.poll(() => executor.report().warm).toBe(1);
    expect(await (await start()).run("echo fresh")).toBe("fresh");
  });

  it("are not started again and again where they cannot start", async () => {
    const plugin = await makePlugin();
    let reads = 0;
    const { start, executor } = await openExecutor({ mode: SHARED, warm: { perPlugin: 1 }, plugin, runtimes: { python: "/nowhere/python3", pythonRunner: "/nowhere/runner.py" }, catalogue: { find: async () => {
      reads += 1;
      return plugin;
    } } });
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await rejection(start())).toMatchObject({ code: "runtime-unsupported" });
    expect(reads).toBe(3);
    expect(executor.report()).toMatchObject({ warm: 0, started: 0 });
  });
});
