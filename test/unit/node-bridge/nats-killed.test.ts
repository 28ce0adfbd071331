import { describe, expect, onTestFinished, test } from "vitest";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import type { ExecutorInstance, InstanceEnd, InstanceOrder } from "../../../src/node/executor/executor.js";
import { createNatsExecutor } from "../../../src/node/executor/nats-executor.js";
import { RemoteInstance } from "../../../src/node/executor/nats-remote-instance.js";
import { encodeArguments, encodeResult, target } from "./echo-plugin.js";
import { startExecutorProcess } from "./executor-process.js";
import { MISSING_NATS, startNats } from "./nats-server.js";

const ORDER: InstanceOrder = {
  id: "acme.echo", version: "1.0.0", manifestSha256: "0".repeat(64), grants: [], config: undefined,
  limits: { instantiateMilliseconds: 30_000, callMilliseconds: 30_000, memoryBytes: 1, messageBytes: 2 ** 26, logBytes: 1 },
};

interface Caller {
  readonly instance: ExecutorInstance;
  readonly executor: string;
  readonly ended: Promise<InstanceEnd>;
  /** How each of its calls ended. */
  readonly outcomes: string[];
}

describe.skipIf(MISSING_NATS !== undefined)(MISSING_NATS ?? "attack: an executor is killed under load", () => {
  test("every call ends once, only those that were in it are lost, and what follows runs elsewhere", async () => {
    const nats = await startNats();
    const [victim] = [await startExecutorProcess(nats.url), await startExecutorProcess(nats.url)];
    const executor = await createNatsExecutor({ servers: [nats.url], times: { heartbeatMilliseconds: 50, silenceMilliseconds: 1_000 } });
    onTestFinished(() => executor.close());
    const start = async (): Promise<Caller> => {
      let onEnded: (end: InstanceEnd) => void = () => undefined;
      const ended = new Promise<InstanceEnd>((resolve) => (onEnded = resolve));
      const instance = await executor.start(ORDER, { onEvent: () => undefined, onHostCall: () => undefined, onEnded }, new AbortController().signal);
      return { instance, ended, outcomes: [], executor: instance instanceof RemoteInstance ? instance.executor : "" };
    };
    const callers = await Promise.all(Array.from({ length: 24 }, start));
    const executors = [...new Set(callers.map((caller) => caller.executor))];
    expect(executors).toHaveLength(2);
    const stopping = new AbortController();
    const load = callers.map(async ({ instance, outcomes }) => {
      const data = new Uint8Array(20_000).fill(outcomes.length);
      while (!stopping.signal.aborted) {
        try {
          const outcome = await instance.call(target("echo"), encodeArguments("echo", data), 20_000);
          outcomes.push("bytes" in outcome && Buffer.compare(outcome.bytes, encodeResult("echo", "ok", data)) === 0 ? "right" : "wrong");
        } catch (error) {
          outcomes.push(isPluginError(error) ? error.code : String(error));
          return;
        }
      }
    });
    await Promise.all(callers.map(async ({ outcomes }) => {
      while (outcomes.length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    }));
    await victim?.kill();
    // Orders that come before anybody knows of it end up with the one that is there.
    const next = await Promise.all(Array.from({ length: 6 }, start));
    const lost = await Promise.race(callers.map(async (caller) => caller.ended.then(() => caller.executor)));
    const [gone, stayed] = [callers.filter((caller) => caller.executor === lost), callers.filter((caller) => caller.executor !== lost)];
    for (const { ended } of gone) expect((await ended).code).toBe("bridge-disconnected");
    const counts = stayed.map(({ outcomes }) => outcomes.length);
    await Promise.all(stayed.map(async ({ outcomes }, index) => {
      while (outcomes.length < (counts[index] ?? 0) + 20) await new Promise((resolve) => setTimeout(resolve, 5));
    }));
    stopping.abort();
    await Promise.all(load);
    expect(gone.length).toBeGreaterThan(0);
    for (const { outcomes } of gone) expect([new Set(outcomes.slice(0, -1)), outcomes.at(-1)]).toEqual([new Set(["right"]), "bridge-disconnected"]);
    for (const { outcomes } of stayed) expect(new Set(outcomes)).toEqual(new Set(["right"]));
    for (const { instance, executor: name } of next) {
      expect(name).not.toBe(lost);
      expect(await instance.call(target("echo"), encodeArguments("echo", new Uint8Array(1)), 5_000)).toMatchObject({ kind: "ok" });
    }
    expect(executor.running).toBe(stayed.length + next.length);
  });
});
