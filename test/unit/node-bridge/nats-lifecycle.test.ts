/** Executors over NATS that have no room, stop, are given up, or lose each other. */
import { describe, expect, onTestFinished, test } from "vitest";
import { runNatsExecutor } from "../../../src/node/executor/nats-executor-service.js";
import { EchoExecutor } from "./echo-executor.js";
import { encodeArguments, target } from "./echo-plugin.js";
import { MISSING_NATS, startNats } from "./nats-server.js";
import { bridgeSide, executorSide, order, start, TIMES } from "./nats-sides.js";
import { until } from "./running-bridge.js";

describe.skipIf(MISSING_NATS !== undefined)(MISSING_NATS ?? "an executor over NATS", () => {
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
});
