import { describe, expect, onTestFinished, test } from "vitest";
import type { Executor, ExecutorInstance, InstanceEnd, InstanceOrder } from "../../../src/node/executor/executor.js";
import { createNatsExecutor, type NatsExecutorOptions } from "../../../src/node/executor/nats-executor.js";
import { type NatsExecutorService, type NatsExecutorServiceOptions, runNatsExecutor } from "../../../src/node/executor/nats-executor-service.js";
import type { GuestEvent } from "../../../src/rpc/messages.js";
import { decodeResult, encodeArguments, encodeResult, STORE, target } from "./echo-plugin.js";
import { EchoExecutor } from "./echo-executor.js";
import { MISSING_NATS, type NatsServer, startNats } from "./nats-server.js";
import { runningBridge, until } from "./running-bridge.js";

const TIMES = { heartbeatMilliseconds: 50, silenceMilliseconds: 400 };

const order = (more: Partial<InstanceOrder> = {}): InstanceOrder => ({
  id: "acme.echo", version: "1.0.0", manifestSha256: "0".repeat(64), grants: ["log"], config: '{"size":1}',
  limits: { instantiateMilliseconds: 5_000, callMilliseconds: 5_000, memoryBytes: 1, messageBytes: 2 ** 26, logBytes: 1 },
  ...more,
});

async function bridgeSide(nats: NatsServer, options: Partial<NatsExecutorOptions> = {}): Promise<Executor> {
  const executor = await createNatsExecutor({ servers: [nats.url], times: TIMES, ...options });
  onTestFinished(() => executor.close());
  return executor;
}

async function executorSide(nats: NatsServer, options: Partial<NatsExecutorServiceOptions> = {}): Promise<{ readonly service: NatsExecutorService; readonly echo: EchoExecutor }> {
  const echo = new EchoExecutor();
  const service = await runNatsExecutor({ servers: [nats.url], executor: echo, times: TIMES, ...options });
  onTestFinished(() => service.close());
  return { service, echo };
}

interface Started {
  readonly instance: ExecutorInstance;
  readonly events: GuestEvent[];
  readonly hostCalls: { readonly id: number; readonly target: string; readonly args: Uint8Array }[];
  readonly ended: Promise<InstanceEnd>;
  result(name: string, ...values: readonly unknown[]): Promise<unknown>;
}

async function start(executor: Executor, more: Partial<InstanceOrder> = {}): Promise<Started> {
  const events: GuestEvent[] = [];
  const hostCalls: { id: number; target: string; args: Uint8Array }[] = [];
  let onEnded: (end: InstanceEnd) => void = () => undefined;
  const ended = new Promise<InstanceEnd>((resolve) => (onEnded = resolve));
  const listeners = { onEvent: (event: GuestEvent) => void events.push(event), onHostCall: (id: number, called: string, args: Uint8Array) => void hostCalls.push({ id, target: called, args }), onEnded };
  const instance = await executor.start(order(more), listeners, new AbortController().signal);
  return {
    instance, events, hostCalls, ended,
    result: async (name, ...values) => {
      const outcome = await instance.call(target(name), encodeArguments(name, ...values), 5_000);
      if (!("bytes" in outcome)) throw new Error(`${outcome.kind}: ${outcome.message}`);
      return decodeResult(name, outcome.kind, outcome.bytes);
    },
  };
}

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

  test("takes no more than it may: the order goes to another, or waits until there is room", async () => {
    const nats = await startNats();
    const [small, large] = [await executorSide(nats, { instances: 1 }), await executorSide(nats, { instances: 2 })];
    const executor = await bridgeSide(nats);
    const started = [await start(executor), await start(executor), await start(executor)];
    expect([small.echo.running, large.echo.running]).toEqual([1, 2]);
    await expect(start(executor, { limits: { ...order().limits, instantiateMilliseconds: 60 } })).rejects.toMatchObject({ code: "busy" });
    const waiting = start(executor);
    await started[0]?.instance.end();
    expect(await (await waiting).result("check", "in")).toBe("in");
    // What the executor itself refuses is tried elsewhere as well.
    for (const { instance } of started) await instance.end();
    small.echo.capacity = 0;
    large.echo.capacity = 0;
    await expect(start(executor, { limits: { ...order().limits, instantiateMilliseconds: 60 } })).rejects.toMatchObject({ code: "busy" });
  });

  test("has nobody who takes orders: that is said in time", async () => {
    const executor = await bridgeSide(await startNats());
    await expect(start(executor, { limits: { ...order().limits, instantiateMilliseconds: 50 } })).rejects.toMatchObject({ code: "busy", stage: "instantiate" });
    const abandoned = new AbortController();
    const starting = executor.start(order(), { onEvent: () => undefined, onHostCall: () => undefined, onEnded: () => undefined }, abandoned.signal);
    abandoned.abort();
    await expect(starting).rejects.toMatchObject({ code: "aborted" });
    expect(executor.running).toBe(0);
  });

  test("says why an instance does not start", async () => {
    const nats = await startNats();
    const echo = new EchoExecutor({ find: () => Promise.resolve(undefined) });
    const service = await runNatsExecutor({ servers: [nats.url], executor: echo, times: TIMES });
    onTestFinished(() => service.close());
    await expect(start(await bridgeSide(nats))).rejects.toMatchObject({ code: "plugin-not-found" });
    await until(() => service.running === 0);
  });

  test("whose start is given up leaves nothing", async () => {
    const nats = await startNats();
    const { echo, service } = await executorSide(nats);
    echo.startMilliseconds = 600_000;
    const executor = await bridgeSide(nats);
    const abandoned = new AbortController();
    const starting = executor.start(order(), { onEvent: () => undefined, onHostCall: () => undefined, onEnded: () => undefined }, abandoned.signal);
    await until(() => echo.running === 1);
    abandoned.abort();
    await expect(starting).rejects.toMatchObject({ code: "aborted" });
    await until(() => echo.running === 0 && service.running === 0);
    await expect(start(executor, { limits: { ...order().limits, instantiateMilliseconds: 50 } })).rejects.toMatchObject({ code: "timeout" });
    await until(() => echo.running === 0 && service.running === 0);
  });

  test("that stops lets running calls end, and the next order goes to another", async () => {
    const nats = await startNats();
    const stopping = await executorSide(nats);
    const executor = await bridgeSide(nats);
    const started = await start(executor);
    const call = started.result("rest", 300);
    const idle = await start(executor);
    const drained = stopping.service.drain();
    const other = await executorSide(nats);
    const next = await start(executor);
    expect([other.echo.running, await call]).toEqual([1, 300]);
    expect((await idle.ended).code).toBe("bridge-disconnected");
    expect((await started.ended).code).toBe("bridge-disconnected");
    await drained;
    expect(stopping.echo.closed).toBe(true);
    expect(await next.result("check", "on")).toBe("on");
  });

  test("whose bridge is gone ends what it had for it", async () => {
    const nats = await startNats();
    const { echo, service } = await executorSide(nats);
    // It says nothing any more, as one that was killed.
    const gone = await bridgeSide(nats, { times: { heartbeatMilliseconds: 2 ** 30, silenceMilliseconds: 2 ** 30 } });
    const living = await bridgeSide(nats);
    await start(gone);
    const kept = await start(living);
    await until(() => echo.running === 1 && service.running === 1);
    expect(await kept.result("check", "kept")).toBe("kept");
  });

  test("loses every instance with its server, on both sides, and starts others when that is back", async () => {
    const nats = await startNats();
    const { echo, service } = await executorSide(nats);
    const executor = await bridgeSide(nats);
    const { instance, ended } = await start(executor);
    const call = instance.call(target("rest"), encodeArguments("rest", 600_000), 600_000);
    call.catch(() => undefined);
    await nats.kill();
    await expect(call).rejects.toMatchObject({ code: "bridge-disconnected" });
    expect((await ended).code).toBe("bridge-disconnected");
    await until(() => echo.running === 0 && service.running === 0);
    await startNats({ port: nats.port });
    const next = await start(executor, { limits: { ...order().limits, instantiateMilliseconds: 30_000 } });
    expect(await next.result("check", "again")).toBe("again");
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
