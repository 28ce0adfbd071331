import { describe, expect, it } from "vitest";
import { claimedUsers, MODES, openExecutor } from "./executor-fixture.js";
import { ATTACK } from "./plugin-fixture.js";

interface Description {
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly descriptors: Readonly<Record<string, string>>;
  readonly limits: readonly string[];
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  readonly groups: readonly number[];
  readonly session: boolean;
  readonly noNewPrivileges: string;
  readonly oom: string;
  readonly files: readonly string[];
  readonly temporary: string;
  readonly start: Readonly<Record<string, unknown>>;
}

describe.each(MODES)("an instance under $name", (mode) => {
  const test = it.skipIf(mode.unavailable !== undefined);

  test("starts, answers call after call, and leaves nothing", async () => {
    const { start, executor } = await openExecutor({ mode });
    const instance = await start();
    expect(executor.running).toBe(1);
    expect(await instance.run("echo one")).toBe("one");
    expect(await Promise.all(["echo two", "slow 0.05", "echo three"].map((what) => instance.run(what)))).toEqual(["two", "0.05", "three"]);
    await instance.end();
    await instance.end();
    expect(executor.running).toBe(0);
    expect(instance.ends).toEqual([]);
  });

  test("has a clean environment, its own directory, four descriptors and every limit", async () => {
    const { start, plugin } = await openExecutor({ mode, limits: { processes: 20, openFiles: 64, diskBytes: 1024 * 1024, processorSeconds: 30 } });
    const found = await (await start()).runJson<Description>("describe");
    claimedUsers.add(found.uid[0] === 0 ? -1 : found.uid[0] ?? -1);
    // The last is bash's, which counts itself.
    const { PORTCULLIS_INSTANCE: mark, SHLVL: _shells, ...environment } = found.environment;
    expect(mark).toMatch(/^\d+-\d+-[0-9a-f]{8}\.[0-9a-f]{32}$/);
    expect(environment).toEqual({ PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", HOME: found.directory, TMPDIR: found.directory, PWD: found.directory, PYTHONDONTWRITEBYTECODE: "1" });
    expect(found.temporary).toBe("done: 1");
    expect(Object.keys(found.descriptors)).toEqual(["0", "1", "2", "3", "4"]);
    expect(found.descriptors["0"]).toBe("done: /dev/null");
    // The listing's own, which is closed again.
    expect(found.descriptors["4"]).toContain("No such file");
    expect(found.limits).toEqual(expect.arrayContaining([
      "Max core file size = 0 0", "Max file size = 1048576 1048576", "Max open files = 64 64", "Max cpu time = 30 35",
      `Max data size = ${128 * 1024 * 1024} ${128 * 1024 * 1024}`,
    ]));
    expect(found).toMatchObject({ session: true, noNewPrivileges: "1", oom: "1000", groups: [] });
    expect(found.files).toEqual(["acme_attack.py", "vendor"]);
    expect(found.start).toMatchObject({ pluginId: plugin.manifest.id, interfaceName: ATTACK, entryModule: "acme_attack", interfaceHash: "0123456789abcdef" });
    if (mode.options.users === "own") return;
    const [uid = 0] = found.uid;
    expect(uid).toBeGreaterThan(60_000);
    expect([found.uid, found.gid]).toEqual([[uid, uid, uid], [uid, uid, uid]]);
    expect(found.limits.find((line) => line.startsWith("Max processes"))).toMatch(/= (?:21|24) (?:21|24)$/);
  });
});
