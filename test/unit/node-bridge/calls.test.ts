import { describe, expect, test } from "vitest";
import { EchoExecutor } from "./echo-executor.js";
import { decodeArguments, encodeResult, STORE, target } from "./echo-plugin.js";
import { runningBridge } from "./running-bridge.js";

const READ = `host:${STORE}#read?path=/notes/*`;

describe("an instance behind a bridge", () => {
  test("answers calls in the order in which they are made, with values, errors and streams", async () => {
    const { connect, plugin } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    expect(await client.result(instance, "echo", new Uint8Array([1, 2, 3]))).toEqual(new Uint8Array([1, 2, 3]));
    expect(await client.call(instance, "check", "!no")).toEqual({ tag: "err", val: encodeResult("check", "err", "!no") });
    const slow = client.begin(instance, "rest", [30]);
    const quick = client.begin(instance, "check", ["yes"]);
    await client.answer(instance, quick);
    expect(client.frames.filter((frame) => frame.tag === "answer").map(({ val }) => val.call).slice(-2)).toEqual([slow, quick]);
    const stream = await client.result(instance, "ticks", 2n);
    for (const item of [0n, 1n, undefined]) expect(await client.result(instance, "[method]ticks-stream.next", stream)).toBe(item);
    client.send({ tag: "drop", val: { instance, call: 900, resource: stream as number } });
    expect(await client.answer(instance, 900)).toEqual({ tag: "ok", val: new Uint8Array() });
  });

  test("takes megabytes both ways", async () => {
    const { connect, plugin } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    const data = new Uint8Array(8 * 1024 * 1024).map((_, index) => index * 31);
    // Byte by byte it takes the test's own comparison minutes.
    expect(Buffer.compare((await client.result(instance, "echo", data)) as Uint8Array, data)).toBe(0);
  });

  test.each([
    ["explode", "trap", "trap"],
    ["die", "failed", "crashed"],
  ])("ends with a call that ends it: %s", async (name, tag, code) => {
    const { connect, plugin, executor, metric } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    expect((await client.call(instance, name)).tag).toBe(tag);
    expect((await client.ended(instance)).code).toBe(code);
    expect(executor.running).toBe(0);
    // What was on its way meanwhile is nobody's mistake.
    client.begin(instance, "check", ["late"]);
    client.send({ tag: "drop", val: { instance, call: 900, resource: 1 } });
    client.send({ tag: "host-answer", val: { instance, id: 1, answer: { tag: "failed", val: "late" } } });
    client.send({ tag: "revoke", val: { instance, grants: [] } });
    client.send({ tag: "close", val: { instance } });
    await client.opened(plugin);
    expect(await metric(`portcullis_bridge_instances_ended_total{code="${code}"}`)).toBe(1);
  });

  test("that crashes answers every call that waits for it, and then ends", async () => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    const calls = [client.begin(instance, "rest", [600_000]), client.begin(instance, "check", ["behind"])];
    await client.settled();
    for (const running of executor.instances) running.crash();
    for (const call of calls) expect(await client.answer(instance, call)).toMatchObject({ tag: "failed", val: { code: "crashed" } });
    await client.ended(instance);
    expect(client.frames.at(-1)?.tag).toBe("ended");
    expect(client.frames.filter(({ tag }) => tag === "answer")).toHaveLength(2);
  });

  test("ends at a call's deadline, which no page can lengthen", async () => {
    const { connect, plugin, executor } = await runningBridge({ limits: { callMilliseconds: 50 } });
    const client = await connect();
    const instance = await client.opened(plugin);
    const call = client.begin(instance, "rest", [600_000], 600_000);
    expect(await client.answer(instance, call)).toMatchObject({ tag: "failed", val: { code: "timeout", stage: "call" } });
    expect((await client.ended(instance)).code).toBe("timeout");
    expect(executor.running).toBe(0);
  });

  test("does not begin a call whose time was over before its turn", async () => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    client.begin(instance, "rest", [60]);
    const late = client.begin(instance, "check", ["late"], 1);
    expect(await client.answer(instance, late)).toMatchObject({ tag: "failed", val: { code: "timeout" } });
    expect([...executor.instances]).toEqual([]);
  });

  test("ends in the middle of a call when its page closes it, and with its connection", async () => {
    const { connect, plugin, executor, until, metric } = await runningBridge();
    const client = await connect();
    const [first, second] = [await client.opened(plugin), await client.opened(plugin)];
    client.begin(first, "rest", [600_000]);
    client.begin(second, "rest", [600_000]);
    await until(() => [...executor.instances].every(({ received }) => received.length === 1));
    client.send({ tag: "close", val: { instance: first } });
    await until(() => executor.running === 1);
    client.socket.terminate();
    await until(() => executor.running === 0);
    expect(await metric('portcullis_bridge_calls_total{outcome="abandoned"}')).toBe(2);
    expect(await metric("portcullis_bridge_instances")).toBe(0);
  });

  test("that is closed while it starts leaves nothing", async () => {
    const { connect, plugin, executor, until } = await runningBridge();
    executor.startMilliseconds = 600_000;
    const client = await connect();
    const instance = client.open(plugin);
    await until(() => executor.running === 1);
    client.send({ tag: "close", val: { instance } });
    await until(() => executor.running === 0);
    client.open(plugin);
    await until(() => executor.running === 1);
    client.socket.terminate();
    await until(() => executor.running === 0);
  });

  test("tells of output only what was granted, and may write what its limit says", async () => {
    const { connect, plugin, executor } = await runningBridge({ limits: { logBytes: 100, memoryBytes: 50, messageBytes: 70_000 } });
    const client = await connect();
    const instance = await client.opened(plugin, { grants: ["stdout"] });
    await client.result(instance, "print", "hello");
    expect(client.frames.filter(({ tag }) => tag === "event")).toEqual([{ tag: "event", val: { instance, event: { tag: "output", val: { stream: "stdout", text: "hello" } } } }]);
    expect(executor.orders[0]).toMatchObject({ grants: ["stdout"], limits: { logBytes: 100, memoryBytes: 50, messageBytes: 70_000 } });
    client.send({ tag: "revoke", val: { instance, grants: [] } });
    await client.result(instance, "print", "again");
    expect(client.frames.filter(({ tag }) => tag === "event")).toHaveLength(1);
  });

  test("calls its app, with what was granted", async () => {
    const { connect, plugin, metric } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [READ] });
    const call = client.begin(instance, "ask", ["/notes/today"]);
    const asked = (await client.frame("host-call")).val;
    expect(asked).toMatchObject({ instance, target: `${STORE}#read` });
    expect(decodeArguments("read", asked.arguments)).toEqual(["/notes/today"]);
    client.send({ tag: "host-answer", val: { instance, id: asked.id, answer: { tag: "ok", val: encodeResult("read", "ok", "milk") } } });
    expect(await client.answer(instance, call)).toEqual({ tag: "ok", val: encodeResult("ask", "ok", "milk") });
    expect(await metric("portcullis_bridge_host_calls_total")).toBe(1);
  });

  test("learns of a failing app, and a page of its own denial", async () => {
    const { connect, plugin } = await runningBridge();
    const client = await connect();
    for (const [answer, tag] of [[{ tag: "failed", val: "broken" }, "host-failed"], [{ tag: "denied", val: { authority: "host", import: `${STORE}#label` } }, "denied"]] as const) {
      const instance = await client.opened(plugin, { grants: [`host:${STORE}`] });
      const call = client.begin(instance, "tell", ["/notes/today"]);
      const { id } = (await client.frame("host-call", ({ val }) => val.instance === instance)).val;
      client.send({ tag: "host-answer", val: { instance, id, answer } });
      expect((await client.answer(instance, call)).tag).toBe(tag);
    }
  });
});

describe("an executor that is broken", () => {
  test("fails the start, and the call, with nothing of its own told to the page", async () => {
    const broken = new EchoExecutor();
    const { connect, plugin, log } = await runningBridge({ executor: () => broken });
    const client = await connect();
    const start = broken.start.bind(broken);
    broken.start = () => Promise.reject(new Error("a secret of the server"));
    expect(await client.ended(client.open(plugin))).toMatchObject({ code: "instantiate-failed", message: expect.not.stringContaining("secret") as string });
    expect(log.find(({ event }) => event === "start-failed")).toMatchObject({ reason: expect.stringContaining("a secret of the server") as string });
    broken.start = start;
    const instance = await client.opened(plugin);
    for (const running of broken.instances) running.call = () => Promise.reject(new Error("a secret of the server"));
    expect(await client.call(instance, "check", "x")).toMatchObject({ tag: "failed", val: { code: "crashed", message: expect.not.stringContaining("secret") as string } });
    expect((await client.ended(instance)).code).toBe("crashed");
    expect(broken.running).toBe(0);
  });
});

describe("attacks by a plugin on its app", () => {
  test.each([
    ["a path that was not granted", "/secrets/key"],
    ["a path that leads out of what was granted", "/notes/../secrets/key"],
  ])("%s never reaches the page", async (_name, path) => {
    const { connect, plugin, metric } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [READ] });
    // `read` can say so itself, and the plugin goes on.
    expect(await client.call(instance, "ask", path)).toEqual({ tag: "err", val: encodeResult("ask", "err", `${STORE}#read is denied: no capability was granted for it`) });
    // `label` cannot, and was not granted at all.
    expect(await client.call(instance, "tell", path)).toEqual({ tag: "denied", val: { authority: "host", import: `${STORE}#label` } });
    expect((await client.ended(instance)).code).toBe("capability-denied");
    expect(client.frames.some(({ tag }) => tag === "host-call")).toBe(false);
    expect(await metric("portcullis_bridge_denials_total")).toBe(2);
  });

  test("what was taken back is refused from the next call on, in a stream of calls as well", async () => {
    const { connect, plugin } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [READ] });
    client.send({ tag: "revoke", val: { instance, grants: [`host:${STORE}#read?path=/notes/public/*`, `host:${STORE}#label`] } });
    expect((await client.call(instance, "ask", "/notes/today")).tag).toBe("err");
    // Taking back gives nothing.
    expect((await client.call(instance, "tell", "/notes/public/today")).tag).toBe("denied");
  });

  test.each([
    ["a function that it does not import", "acme:notes/store@1.0.0#erase", new Uint8Array()],
    ["an export of its own", target("echo"), new Uint8Array()],
    ["a name of JavaScript's objects", "__proto__", new Uint8Array()],
    ["arguments of another type", `${STORE}#read`, new Uint8Array([1, 2, 3])],
    ["arguments that claim a length", `${STORE}#read`, new Uint8Array(8).fill(255)],
  ])("%s ends it", async (_name, called, bytes) => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [`host:${STORE}`] });
    const [running] = executor.instances;
    void running?.hostCall(1, called, bytes);
    expect((await client.ended(instance)).code).toBe("sandbox-violation");
    expect(running?.isEnded).toBe(true);
    await client.opened(plugin);
  });

  test("host calls without end end it", async () => {
    const { connect, plugin, executor, until } = await runningBridge({ limits: { hostCalls: 5 } });
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [`host:${STORE}`] });
    const [running] = executor.instances;
    for (let id = 0; id < 6; id += 1) void running?.hostCall(7, `${STORE}#read`, encodeResult("tell", "ok", "/notes/1"));
    expect((await client.ended(instance)).code).toBe("sandbox-violation");
    await until(() => executor.running === 0);
    expect(new Set(client.frames.flatMap((frame) => (frame.tag === "host-call" ? [frame.val.id] : []))).size).toBe(5);
  });
});
