import { DurationHistogram } from "./duration-histogram.js";

/** Why a connection was not made. */
export const REFUSALS = ["path", "host", "origin", "protocol", "token", "token-expired", "too-many-failures", "too-many-connections", "timeout", "draining", "unavailable"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How a call ended: as the frame that answers it says. */
export const CALL_OUTCOMES = ["ok", "err", "trap", "resource-invalid", "host-failed", "denied", "failed", "abandoned"] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

const PREFIX = "portcullis_bridge_";

/** What a bridge counts. Labels are from closed sets: no name of a plugin, a page or a person is among them. */
export class BridgeMetrics {
  readonly callDuration = new DurationHistogram();
  connections = 0;
  instances = 0;
  draining = false;
  connectionsOpened = 0;
  instancesStarted = 0;
  bytesReceived = 0;
  bytesSent = 0;
  hostCalls = 0;
  denials = 0;
  protocolViolations = 0;
  readonly #refused = new Map<Refusal, number>(REFUSALS.map((reason) => [reason, 0]));
  readonly #calls = new Map<CallOutcome, number>(CALL_OUTCOMES.map((outcome) => [outcome, 0]));
  readonly #ended = new Map<string, number>();

  refused(reason: Refusal): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** @param code - of a `PluginError`, or `closed` for one that its page closed. */
  instanceEnded(code: string): void {
    this.#ended.set(code, (this.#ended.get(code) ?? 0) + 1);
  }

  callEnded(outcome: CallOutcome, seconds: number): void {
    this.#calls.set(outcome, (this.#calls.get(outcome) ?? 0) + 1);
    this.callDuration.observe(seconds);
  }

  /**
   * The text that Prometheus reads (version 0.0.4).
   *
   * @param executor - figures of what runs the instances.
   */
  print(executor: ReadonlyMap<string, number>): string {
    return [
      metric("connections", "gauge", "Connections that are open", this.connections),
      metric("draining", "gauge", "1 when the bridge is going to stop", this.draining ? 1 : 0),
      metric("instances", "gauge", "Instances that run or are being started", this.instances),
      metric("connections_total", "counter", "Connections that were made", this.connectionsOpened),
      labelled("refused_total", "Connections that were refused", "reason", this.#refused),
      metric("instances_started_total", "counter", "Instances that were started", this.instancesStarted),
      labelled("instances_ended_total", "Instances that ended or did not start", "code", this.#ended),
      labelled("calls_total", "Calls that ended", "outcome", this.#calls),
      this.callDuration.print(`${PREFIX}call_seconds`, "Time from a call's frame to its answer"),
      metric("host_calls_total", "counter", "Calls of plugins to their app", this.hostCalls),
      metric("denials_total", "counter", "Calls of plugins to their app that no grant permitted", this.denials),
      metric("protocol_violations_total", "counter", "Connections that were closed for what they sent", this.protocolViolations),
      metric("received_bytes_total", "counter", "Bytes of frames received", this.bytesReceived),
      metric("sent_bytes_total", "counter", "Bytes of frames sent", this.bytesSent),
      ...[...executor].filter(([name]) => /^[a-z][a-z0-9_]*$/.test(name)).map(([name, value]) => metric(`executor_${name}`, "untyped", "Figure of the executor", value)),
      "",
    ].join("\n");
  }
}

function metric(name: string, type: string, help: string, value: number): string {
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n${PREFIX}${name} ${value}`;
}

function labelled(name: string, help: string, label: string, values: ReadonlyMap<string, number>): string {
  const rows = [...values].map(([value, count]) => `${PREFIX}${name}{${label}="${value}"} ${count}`);
  return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} counter`, ...rows].join("\n");
}
