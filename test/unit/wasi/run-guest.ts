/** Runs a scenario of a guest against the real page side, in one of the two ways that a guest waits for the page. */
import type { Broker } from "../../../src/broker/broker.js";
import { createHandleBroker } from "../../../src/broker/input-streams.js";
import { HostCallServer } from "../../../src/broker/host-call-server.js";
import type { HostAnswer, HostCallRequest } from "../../../src/rpc/messages.js";
import { SharedAnswers } from "../../../src/rpc/shared-answer.js";
import type { TestInstance } from "../broker/broker-context.js";
import { startThread } from "../broker/thread.js";
import { runScenario, SCENARIOS, type ScenarioResult } from "./guest-scenarios.js";
import { KEY_VALUE_SCENARIOS } from "./keyvalue-scenarios.js";

export const MODES = ["suspended", "blocked"] as const;
export type Mode = (typeof MODES)[number];

export interface GuestRun {
  readonly instance: TestInstance;
  readonly brokers?: readonly Broker[];
  readonly grants?: readonly ["keyvalue"];
  readonly handles?: readonly number[];
}

/** @throws {Error} with the reason for which the page ended the instance, if it did. */
export async function runGuest(mode: Mode, scenario: string, { instance, brokers = [], grants, handles = [] }: GuestRun): Promise<ScenarioResult> {
  const shared = mode === "blocked" ? new SharedAnswers() : undefined;
  const server = new HostCallServer({
    brokers: [createHandleBroker(instance.context), ...brokers],
    shared,
    signal: instance.context.signal,
    onCall: () => undefined,
    onFailure: (_operation, error) => instance.failures.push(error),
  });
  let receive: (message: unknown) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => (fail = reject));
  const link = {
    answer: (id: number, answer: HostAnswer) => receive(structuredClone({ id, answer })),
    breakProtocol: (found: string) => fail(new Error(`ended: ${found}`)),
  };
  const accept = (message: { readonly hostCall: HostCallRequest }) => {
    if (!server.accept(structuredClone(message).hostCall, link)) fail(new Error(`ended: ${message.hostCall.operation} is not open`));
  };
  const request = { scenario, handles, grants: grants ?? [], transport: shared === undefined ? { kind: "suspension" as const } : { kind: "shared-memory" as const, buffer: shared.buffer } };
  if (shared === undefined) return Promise.race([broken, runScenario({ ...SCENARIOS, ...KEY_VALUE_SCENARIOS }, request, accept, (listener) => (receive = listener))]);
  const thread = await startThread(new URL("guest-thread.ts", import.meta.url), request);
  const done = new Promise<ScenarioResult>((resolve, reject) => {
    thread.on("error", reject);
    thread.on("message", (message: { readonly hostCall: HostCallRequest } | { readonly result: ScenarioResult }) => ("result" in message ? resolve(message.result) : accept(message)));
  });
  return Promise.race([broken, done]).finally(() => void thread.terminate());
}
