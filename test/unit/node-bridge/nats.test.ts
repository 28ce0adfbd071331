import { describe, expect, test } from "vitest";
import { createNatsExecutor } from "../../../src/node/executor/nats-executor.js";
import { encodeArguments, encodeResult, STORE, target } from "./echo-plugin.js";
import { MISSING_NATS, startNats } from "./nats-server.js";
import { bridgeSide, executorSide, order, start, TIMES } from "./nats-sides.js";
import { runningBridge, until } from "./running-bridge.js";

describe.skipIf(MISSING_NATS !== undefined)(MISSING_NATS ?? "an executor over NATS", () => {
  test("starts instances, calls them, streams, drops, asks, tells and ends", async () => {
    const nats = await startNats();
    const { echo, service } = await executorSide(nats);
    const executor = await bridgeSide(nats);
    const { instance, result, events, hostCalls } = await start(executor);
    expect(echo.orders).toEqual([order()]);
    expect(await result("echo", new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]));
    expect(await result("check", "!no")).toBe("!no");
    const stream = await result("ticks", 2n);
    for (const item of [0n, 1n, undefined]) expect(await result("[method]ticks-stream.next", stream)).toBe(item);
    expect(await instance.drop(stream as number)).toEqual({ kind: "ok", bytes: new Uint8Array() });
    await result("print", "hello");
    expect(events).toEqual([
      { kind: "output", stream: "stdout", text: "hello" }, { kind: "output", stream: "stderr", text: "hello" }, { kind: "log", level: "info", context: "echo", message: "hello" },
    ]);
    const asking = result("ask", "/notes/1");
    await until(() => hostCalls.length === 1);
    instance.answer(hostCalls[0]?.id ?? 0, { kind: "ok", bytes: encodeResult("read", "ok", "milk") });
    expect(await asking).toBe("milk");
    expect(hostCalls[0]?.target).toBe(`${STORE}#read`);
    await instance.end();
    await until(() => echo.running === 0 && service.running === 0);
    await expect(instance.call(target("check"), encodeArguments("check", "x"), 1_000)).rejects.toMatchObject({ code: "closed" });
  });

  test("carries messages that are larger than NATS's own, both ways and at once", async () => {
    const nats = await startNats();
    await executorSide(nats);
    const executor = await bridgeSide(nats);
    const [one, two] = [await start(executor), await start(executor)];
    const data = new Uint8Array(10_000_000).map((_, index) => index * 31);
    const answers = await Promise.all([one.result("echo", data), two.result("echo", data), two.result("echo", new Uint8Array(1))]);
    for (const answer of answers.slice(0, 2)) expect(Buffer.compare(answer as Uint8Array, data)).toBe(0);
  });

  test.each([["explode", "trap"], ["tell", "host-failed"]])("ends with what ends a call: %s", async (name, kind) => {
    const nats = await startNats();
    const { echo, service } = await executorSide(nats);
    const { instance, hostCalls } = await start(await bridgeSide(nats));
    const outcome = instance.call(target(name), encodeArguments(name, ...(name === "tell" ? ["/x"] : [])), 5_000);
    if (name === "tell") {
      await until(() => hostCalls.length === 1);
      instance.answer(hostCalls[0]?.id ?? 0, { kind: "denied", authority: "host", import: `${STORE}#label` });
    }
    expect(await outcome).toMatchObject({ kind });
    await until(() => echo.running === 0 && service.running === 0);
  });

  test("ends at a deadline, when it crashes, and when it is given up in the middle of a call", async () => {
    const nats = await startNats();
    const { echo, service } = await executorSide(nats);
    const executor = await bridgeSide(nats);
    const late = await start(executor);
    await expect(late.instance.call(target("rest"), encodeArguments("rest", 600_000), 30)).rejects.toMatchObject({ code: "timeout" });
    const crashing = await start(executor);
    const call = crashing.instance.call(target("die"), encodeArguments("die"), 5_000);
    await expect(call).rejects.toMatchObject({ code: "crashed" });
    const cancelled = await start(executor);
    const running = cancelled.instance.call(target("rest"), encodeArguments("rest", 600_000), 600_000);
    await until(() => [...echo.instances].some(({ received }) => received.includes("rest")));
    await cancelled.instance.end();
    await expect(running).rejects.toMatchObject({ code: "closed" });
    await until(() => echo.running === 0 && service.running === 0);
    expect(executor.running).toBe(0);
  });

  test("is cancelled before megabytes that are on their way", async () => {
    const nats = await startNats();
    const { echo } = await executorSide(nats);
    const { instance } = await start(await bridgeSide(nats));
    const [running] = echo.instances;
    const call = instance.call(target("echo"), encodeArguments("echo", new Uint8Array(60_000_000)), 5_000);
    await instance.end();
    await expect(call).rejects.toMatchObject({ code: "closed" });
    await until(() => echo.running === 0);
    expect(running?.received).toEqual([]);
  });

  test("is paused, and by a way that is too slow", async () => {
    const nats = await startNats();
    const { echo } = await executorSide(nats);
    const { instance, result, events } = await start(await bridgeSide(nats));
    const [running] = echo.instances;
    instance.pause?.();
    await until(() => running?.pauses === 1);
    const flood = result("flood", 200);
    instance.resume?.();
    expect(await flood).toBe(200);
    expect(events).toHaveLength(600);
    expect(running?.pauses).toBeGreaterThan(1);
  });

  test("works behind a bridge as one of this machine does", async () => {
    const nats = await startNats();
    const { echo } = await executorSide(nats);
    const { connect, plugin, metric } = await runningBridge({ executor: (_catalogue, log) => createNatsExecutor({ servers: [nats.url], times: TIMES, log }) });
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [`host:${STORE}`, "stdout"] });
    const call = client.begin(instance, "ask", ["/notes/1"]);
    const { id } = (await client.frame("host-call")).val;
    client.send({ tag: "host-answer", val: { instance, id, answer: { tag: "ok", val: encodeResult("read", "ok", "milk") } } });
    expect((await client.answer(instance, call)).tag).toBe("ok");
    expect(await metric("portcullis_bridge_executor_remote_instances")).toBe(1);
    for (const running of echo.instances) running.crash();
    expect((await client.ended(instance)).code).toBe("crashed");
  });
});
