/** The two sides of an executor over NATS, in this process. */
import { onTestFinished } from "vitest";
import type { Executor, ExecutorInstance, InstanceEnd, InstanceOrder } from "../../../src/node/executor/executor.js";
import { createNatsExecutor, type NatsExecutorOptions } from "../../../src/node/executor/nats-executor.js";
import { type NatsExecutorService, type NatsExecutorServiceOptions, runNatsExecutor } from "../../../src/node/executor/nats-executor-service.js";
import type { GuestEvent } from "../../../src/rpc/messages.js";
import { EchoExecutor } from "./echo-executor.js";
import { decodeResult, encodeArguments, target } from "./echo-plugin.js";
import type { NatsServer } from "./nats-server.js";

export const TIMES = { heartbeatMilliseconds: 50, silenceMilliseconds: 400 };

export const order = (more: Partial<InstanceOrder> = {}): InstanceOrder => ({
  id: "acme.echo", version: "1.0.0", manifestSha256: "0".repeat(64), grants: ["log"], config: '{"size":1}',
  limits: { instantiateMilliseconds: 5_000, callMilliseconds: 5_000, memoryBytes: 1, messageBytes: 2 ** 26, logBytes: 1 },
  ...more,
});

export async function bridgeSide(nats: NatsServer, options: Partial<NatsExecutorOptions> = {}): Promise<Executor> {
  const executor = await createNatsExecutor({ servers: [nats.url], times: TIMES, ...options });
  onTestFinished(() => executor.close());
  return executor;
}

export async function executorSide(nats: NatsServer, options: Partial<NatsExecutorServiceOptions> = {}): Promise<{ readonly service: NatsExecutorService; readonly echo: EchoExecutor }> {
  const echo = new EchoExecutor();
  const service = await runNatsExecutor({ servers: [nats.url], executor: echo, times: TIMES, ...options });
  onTestFinished(() => service.close());
  return { service, echo };
}

export interface Started {
  readonly instance: ExecutorInstance;
  readonly events: GuestEvent[];
  readonly hostCalls: { readonly id: number; readonly target: string; readonly args: Uint8Array }[];
  readonly ended: Promise<InstanceEnd>;
  result(name: string, ...values: readonly unknown[]): Promise<unknown>;
}

export async function start(executor: Executor, more: Partial<InstanceOrder> = {}): Promise<Started> {
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
