import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { answerText, openDescriptors, openExecutor, orderFor, orderLimits, rejection, SHARED, textValue } from "./executor-fixture.js";
import { ATTACK, makePlugin, STORE, WORLD } from "./plugin-fixture.js";

interface Description {
  readonly directory: string;
  readonly start: Readonly<Record<string, unknown>>;
}

describe("a local executor", () => {
  it("tells a process what its plugin exports, what it was granted of the app, and what streams its methods give", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const { start: message } = await (await start({ grants: [`host:${STORE}#read`], config: '{"colour":"red"}' })).runJson<Description>("describe");
    expect(message).toMatchObject({
      config: { colour: "red" },
      methods: [{ function: "run", raw: false, takesStream: false }, { function: "ticks", raw: false, takesStream: false, produces: "ticks-stream" }],
      imports: [{ target: `${STORE}#read` }],
    });
    expect((message["exports"] as { target: string }[]).map(({ target }) => target)).toEqual([`${ATTACK}#[method]ticks-stream.next`, `${ATTACK}#run`, `${ATTACK}#ticks`]);
  });

  it("passes host calls on and answers them", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    instance.onHostCall = (id) => instance.answer(id, { kind: "ok", bytes: textValue("found") });
    const [kind, id, payload] = JSON.parse(await instance.run("ask path")) as [number, number, string];
    expect([kind, id, payload]).toEqual([4, 7, `00${Buffer.from(textValue("found")).toString("hex")}`]);
    expect(instance.hostCalls).toEqual([{ id: 7, target: `${STORE}#read`, args: new Uint8Array(textValue("path")) }].map((call) => ({ ...call, args: Buffer.from(call.args) })));
    instance.onHostCall = (number) => instance.answer(number, { kind: "denied", authority: "host:x", import: "x#y" });
    expect(JSON.parse(await instance.run("ask path"))).toEqual([4, 7, `02${Buffer.from("x#y was denied: it needs host:x").toString("hex")}`]);
  });

  it("lets a plugin call the app while it starts", async () => {
    const { start, executor, plugin } = await openExecutor({ mode: SHARED });
    const asked: string[] = [];
    const listeners = { onEvent: () => {}, onEnded: () => {}, onHostCall: (_id: number, target: string) => void asked.push(target) };
    const started = rejection(executor.start(orderFor(plugin, { config: '{"begin":"asking"}' }), listeners, AbortSignal.timeout(60_000)));
    await expect.poll(() => asked).toEqual([`${STORE}#read`]);
    expect(executor.running).toBe(1);
    await executor.close();
    expect(await started).toMatchObject({ code: "closed" });
    expect(await rejection(start())).toMatchObject({ code: "closed" });
  });

  it("drops resources, and ends an instance whose resource there was not", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    expect(await instance.drop(7)).toEqual({ kind: "ok", bytes: Buffer.alloc(0) });
    expect(await instance.drop(8)).toEqual({ kind: "resource-invalid", message: "there is no such resource" });
    expect(await instance.ended).toMatchObject({ code: "resource-invalid" });
    expect(await rejection(instance.run("echo again"))).toMatchObject({ code: "resource-invalid" });
  });

  it.each([["2 it broke", "trap", "trap"], ["3 no such", "resource-invalid", "resource-invalid"], ["4 the app", "host-failed", "host-function-failed"]])("ends an instance after the outcome %s, which its caller has first", async (text, kind, code) => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    const order: string[] = [];
    void instance.ended.then(() => order.push("ended"));
    const outcome = await instance.call(`outcome ${text}`);
    order.push("outcome");
    expect(outcome).toEqual({ kind, message: text.slice(2) });
    expect(await instance.ended).toMatchObject({ code, stage: "call", message: expect.stringContaining(text.slice(2)) as string });
    expect(order).toEqual(["outcome", "ended"]);
  });

  it("goes on after an error that the function declares", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    expect(await instance.call("outcome 1 wrong input")).toMatchObject({ kind: "err" });
    expect(answerText(await instance.call("echo still here"))).toBe("still here");
    expect(instance.ends).toEqual([]);
  });

  it.each([
    ["interface-mismatch", "interface-mismatch", "it is another"],
    ["config-invalid", "config-invalid", "colour is missing"],
    // A plugin could otherwise say that others are to blame.
    ["signature-invalid", "instantiate-failed", "a forged reason"],
  ])("passes on why a plugin did not start: %s", async (said, code, message) => {
    const { start } = await openExecutor({ mode: SHARED });
    const failure = await rejection(start({ config: JSON.stringify({ begin: "failed", with: [said, message] }) }));
    expect(failure).toMatchObject({ code, stage: "instantiate", message: `Cannot start acme.attack: ${message}` });
  });

  it("gives up a start on demand, and leaves nothing of it", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED });
    const controller = new AbortController();
    const starting = rejection(start({ config: '{"begin":"silent"}' }, controller.signal));
    await expect.poll(() => executor.report().starting).toBe(1);
    setTimeout(() => controller.abort(), 150);
    expect(await starting).toMatchObject({ code: "aborted" });
    expect(executor.running).toBe(0);
    expect(await rejection(start({}, controller.signal))).toMatchObject({ code: "aborted" });
  });

  it("has room for so many instances, also while they start", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED, instances: 2 });
    const first = await start();
    const second = start();
    expect(await rejection(start())).toMatchObject({ code: "busy" });
    await (await second).end();
    await first.end();
    expect(await (await start()).run("echo room again")).toBe("room again");
    expect(executor.report().ended.get("busy")).toBeUndefined();
  });

  it("starts only what its catalogue has with exactly that manifest", async () => {
    const [plugin, other] = [await makePlugin(), await makePlugin({ version: "2.0.0" })];
    const { start, executor } = await openExecutor({ mode: SHARED, plugin });
    expect(await rejection(start({ manifestSha256: other.manifestSha256 }))).toMatchObject({ code: "plugin-not-found" });
    // Of the same name and version, too.
    for (const wrong of [other, await makePlugin({ files: { "acme_attack.py": "changed" } }), await makePlugin({ id: "acme.other" })]) {
      const lying = await openExecutor({ mode: SHARED, plugin, catalogue: { find: async () => wrong } });
      expect(await rejection(lying.start())).toMatchObject({ code: "plugin-not-found" });
    }
    expect(executor.report().ended.get("plugin-not-found")).toBe(1);
  });

  it("refuses to start what it cannot carry", async () => {
    const withResources = { ...WORLD, types: [...WORLD.types, { kind: "resource" as const, name: "note", owner: STORE }], imports: { functions: [], interfaces: WORLD.imports.interfaces.map((shape) => ({ ...shape, resources: [WORLD.types.length] })) } };
    const resources = await openExecutor({ mode: SHARED, plugin: await makePlugin({ world: withResources }) });
    expect(await rejection(resources.start())).toMatchObject({ code: "component-unsupported", message: expect.stringContaining(STORE) as string });
    const native = await makePlugin({
      files: { "plugin.so": "no library" },
      manifest: { runtime: "rust", bridge: { interfaceHash: "0".repeat(16), libraries: [{ platform: "plan9-vax", path: "plugin.so" }], methods: ["run", "ticks"].map((name) => ({ function: name, raw: false, takesStream: false })) } },
    });
    const foreign = await openExecutor({ mode: SHARED, plugin: native });
    expect(await rejection(foreign.start())).toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("plan9-vax") as string });
    const strict = await openExecutor({ mode: SHARED, plugin: await makePlugin({ manifest: { config: { type: "object", properties: { colour: { type: "string" } }, required: ["colour"] } } }) });
    for (const config of ["{", "[]", '{"colour":3}', '{"begin":"silent"}']) expect(await rejection(strict.start({ config }))).toMatchObject({ code: "config-invalid" });
  });

  it("never takes from an order or a manifest more than it has", async () => {
    const MEBIBYTE = 1024 * 1024;
    const { start, plugin } = await openExecutor({ mode: SHARED, limits: { memoryBytes: 32 * MEBIBYTE, messageBytes: 1 * MEBIBYTE } });
    const message = async (limits: Parameters<typeof orderLimits>[0]): Promise<unknown> => (await (await start(orderLimits(limits))).runJson<Description>("describe")).start;
    expect(await message({ memoryBytes: Number.MAX_SAFE_INTEGER, messageBytes: Number.POSITIVE_INFINITY })).toMatchObject({ memoryBytes: 32 * MEBIBYTE, messageBytes: MEBIBYTE });
    expect(await message({ memoryBytes: Number.NaN, messageBytes: -1 })).toMatchObject({ memoryBytes: 32 * MEBIBYTE, messageBytes: MEBIBYTE });
    expect(await message({ memoryBytes: 8 * MEBIBYTE, messageBytes: 100_000 })).toMatchObject({ memoryBytes: 8 * MEBIBYTE, messageBytes: 100_000 });
    expect(plugin.manifest.limits).toEqual({});
    const modest = await openExecutor({ mode: SHARED, plugin: await makePlugin({ manifest: { limits: { memoryBytes: 4 * MEBIBYTE } } }) });
    expect((await (await modest.start()).runJson<Description>("describe")).start).toMatchObject({ memoryBytes: 4 * MEBIBYTE });
  });

  it("refuses arguments that are too large and functions that there are not, and the instance goes on", async () => {
    const { start } = await openExecutor({ mode: SHARED, limits: { messageBytes: 1000 } });
    const instance = await start();
    expect(await rejection(instance.run(`echo ${"x".repeat(1000)}`))).toMatchObject({ code: "argument-invalid" });
    expect(await rejection(instance.executor.call(`${ATTACK}#other`, new Uint8Array(), 1000))).toMatchObject({ code: "function-unknown" });
    expect(await rejection(instance.executor.call("__proto__", new Uint8Array(), 1000))).toMatchObject({ code: "function-unknown" });
    expect(await instance.run("echo fine")).toBe("fine");
  });

  it("refuses limits and users that are none", async () => {
    await expect(openExecutor({ limits: { processes: 0 } })).rejects.toMatchObject({ code: "usage-invalid" });
    await expect(openExecutor({ limits: { callMilliseconds: 2 ** 31 } })).rejects.toMatchObject({ code: "usage-invalid" });
    await expect(openExecutor({ limits: { memory: 5 } as object })).rejects.toMatchObject({ code: "usage-invalid" });
    for (const users of [{ first: 0, last: 5 }, { first: 70_000, last: 69_999 }, { first: 1.5, last: 9 }]) {
      const { start } = await openExecutor({ users, isolation: "none" });
      expect(await rejection(start())).toMatchObject({ code: "usage-invalid" });
    }
  });

  it("says what is missing where a runtime cannot be had, and finds it when it is there", async () => {
    const { start } = await openExecutor({ mode: SHARED, runtimes: { python: "/nowhere/python3", pythonRunner: "/nowhere/runner.py" } });
    expect(await rejection(start())).toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("/nowhere/python3") as string });
  });

  it("counts what happens", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED });
    const first = await start();
    await rejection(first.run("crash SIGSEGV"));
    await first.ended;
    await (await start()).end();
    await rejection(start({ config: '{"begin":"dead","with":[3]}' }));
    expect(executor.report()).toMatchObject({ isolation: "none", running: 0, starting: 0, warm: 0, started: 2, restarts: 1, ended: new Map([["crashed", 1], ["instantiate-failed", 1]]) });
    expect(executor.figures()).toEqual(new Map([["running", 0], ["starting", 0], ["warm", 0], ["started_total", 2], ["started_warm_total", 0], ["restarts_total", 1], ["ended_crashed_total", 1], ["ended_instantiate_failed_total", 1]]));
  });

  it("leaves no descriptor, however instances end", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED, limits: { callMilliseconds: 200 } });
    await (await start()).end();
    const before = openDescriptors();
    for (const how of ["echo fine", "crash SIGKILL", "stubborn", "garbage", "close_descriptors"]) {
      const instance = await start();
      await instance.run(how).catch(() => {});
      await instance.end();
    }
    await rejection(start({ config: '{"begin":"dead","with":[3]}' }));
    await rejection(start({ ...orderLimits({ instantiateMilliseconds: 200 }), config: '{"begin":"silent"}' }));
    await expect.poll(openDescriptors).toBe(before);
    expect(executor.running).toBe(0);
  });

  it("removes its folder when it closes, and can be closed while instances run", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED });
    const instance = await start();
    const { directory } = await instance.runJson<Description>("describe");
    expect(existsSync(directory)).toBe(true);
    const running = rejection(instance.run("slow 60"));
    await Promise.all([executor.close(), executor.close()]);
    expect(existsSync(directory)).toBe(false);
    expect(await running).toMatchObject({ code: "closed" });
  });
});
