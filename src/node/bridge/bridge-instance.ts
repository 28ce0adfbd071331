import { type Capability, parseCapability, printCapability } from "../../capability/capability.js";
import { PluginError } from "../../errors/plugin-error.js";
import { configure } from "../../host/configuration.js";
import type { Manifest } from "../../package/manifest.js";
import type { GuestEvent } from "../../rpc/messages.js";
import { type BridgeCodecs, bridgeCodecs } from "../../runtime/bridge/bridge-codecs.js";
import type { CallFrame, FrameFailure, HostAnswerFrame, OpenFrame, ServerFrame } from "../../runtime/bridge/frames.js";
import type { Executor, InstanceLimits, InstanceOrder } from "../executor/executor.js";
import type { BridgeLimits } from "./bridge-limits.js";
import type { BridgeLog } from "./bridge-log.js";
import type { BridgeMetrics } from "./bridge-metrics.js";
import { HostCallGate } from "./host-call-gate.js";
import { failureFrame, InstanceCalls } from "./instance-calls.js";
import { InstanceHostCalls } from "./instance-host-calls.js";
import type { PluginDirectory } from "./plugin-directory.js";

/** Of a configuration's JSON, in characters: reading more would keep everybody else waiting. */
const LONGEST_CONFIG = 1024 * 1024;

/** What an instance needs of its connection. */
export interface InstanceContext {
  readonly executor: Executor;
  readonly plugins: Pick<PluginDirectory, "admit">;
  readonly limits: BridgeLimits;
  readonly metrics: BridgeMetrics;
  readonly log: BridgeLog;
  readonly send: (frame: ServerFrame) => void;
  /** What is under way has become more or less. */
  readonly weigh: (change: { readonly calls?: number; readonly bytes?: number; readonly hostCalls?: number }) => void;
  /** Whether the page cannot take more for now. */
  readonly isPressed: () => boolean;
  /** Nothing more comes of it. */
  readonly onEnded: () => void;
}

interface Running {
  readonly pluginId: string;
  readonly codecs: BridgeCodecs;
  readonly gate: HostCallGate;
  readonly calls: InstanceCalls;
  readonly hostCalls: InstanceHostCalls;
  readonly limits: InstanceLimits;
  readonly executor: Awaited<ReturnType<Executor["start"]>>;
}

/** One instance of one page, from its order to its end. */
export class BridgeInstance {
  readonly #open: OpenFrame;
  readonly #context: InstanceContext;
  readonly #starting = new AbortController();
  /** What the page took back while it was being started. */
  #narrowed: readonly Capability[] | undefined;
  #gate: HostCallGate | undefined;
  #hostCalls: InstanceHostCalls | undefined;
  #running: Running | undefined;
  #isEnded = false;

  constructor(open: OpenFrame, context: InstanceContext) {
    this.#open = open;
    this.#context = context;
  }

  /** Starts it. Its frames tell the page how that went. */
  async start(): Promise<void> {
    const { metrics } = this.#context;
    metrics.instances += 1;
    try {
      await this.#start();
    } catch (error) {
      if (this.#isEnded) return;
      if (!(error instanceof PluginError)) this.#context.log.error("start-failed", { plugin: this.#open.id, reason: error instanceof Error ? error.stack ?? error.message : String(error) });
      this.#finish(startFailure(error, this.#open.id));
    }
  }

  /** @returns what is wrong with it, for the connection: no client of ours sends such a thing. */
  call({ call, target, arguments: bytes, milliseconds }: CallFrame): string | undefined {
    return this.#begin(call, (running) => {
      const { pluginId, codecs, limits } = running;
      const refused = codecs.exports.has(target) ? undefined : new PluginError({ code: "function-unknown", stage: "call", pluginId, message: `Cannot call ${JSON.stringify(target.slice(0, 200))} of ${pluginId}: it exports no such function` });
      const tooLarge = bytes.length > limits.messageBytes ? new PluginError({ code: "argument-invalid", stage: "call", pluginId, message: `Cannot call ${target} of ${pluginId}: its arguments have ${bytes.length} bytes, and at most ${limits.messageBytes} are allowed` }) : undefined;
      running.calls.add({
        call, bytes: bytes.length, milliseconds: Math.max(1, Math.min(milliseconds, limits.callMilliseconds)),
        perform: (instance, left) => (refused ?? tooLarge ? Promise.reject(refused ?? tooLarge ?? new Error()) : instance.call(target, bytes, left)),
      });
    });
  }

  /** @returns what is wrong with it. */
  drop(call: number, resource: number): string | undefined {
    return this.#begin(call, ({ calls, limits }) => calls.add({ call, bytes: 0, milliseconds: limits.callMilliseconds, perform: (instance) => instance.drop(resource) }));
  }

  /** @returns what is wrong with it. */
  answer(id: number, answer: HostAnswerFrame): string | undefined {
    return this.#hostCalls?.settle(id, answer) === true ? undefined : `an answer to the host call ${id} of instance ${this.#open.instance}, which was not asked`;
  }

  /** Takes back what is not among `grants`. What cannot be understood takes back the instance. */
  revoke(grants: readonly string[]): undefined {
    try {
      const left = grants.map((text) => parseCapability(text, { pluginId: this.#open.id }));
      this.#narrowed = left;
      this.#gate?.narrow(left);
    } catch (error) {
      this.#finish(failureFrame(error, this.#open.id));
    }
    return undefined;
  }

  /** The page cannot take more for now, or can again. */
  press(isPressed: boolean): void {
    this.#running?.calls.hold(isPressed);
    if (isPressed) this.#running?.executor.pause?.();
    else this.#running?.executor.resume?.();
  }

  /** Its page does not want it any more, or is gone. */
  close(): undefined {
    this.#finish(undefined);
    return undefined;
  }

  #begin(call: number, begin: (running: Running) => void): string | undefined {
    if (this.#running === undefined) return `a call of instance ${this.#open.instance}, which was not opened yet`;
    if (this.#running.calls.has(call)) return `a call with the number ${call}, which another call of instance ${this.#open.instance} has`;
    begin(this.#running);
    return undefined;
  }

  async #start(): Promise<void> {
    const { plugins, executor, metrics, log, limits: most } = this.#context;
    const { id, version, manifestSha256, grants, config, instance } = this.#open;
    const startedAt = performance.now();
    const admitted = await plugins.admit(id, version, manifestSha256, grants.map((text) => parseCapability(text, { pluginId: id })));
    if (this.#isEnded) return;
    const { manifest } = admitted;
    const codecs = bridgeCodecs(manifest.world, id);
    const gate = new HostCallGate(manifest.world, codecs.imports, admitted.grants);
    if (this.#narrowed !== undefined) gate.narrow(this.#narrowed);
    this.#gate = gate;
    const hostCalls = this.#openHostCalls(gate);
    const limits = instanceLimits(this.#open, manifest, most);
    const order: InstanceOrder = { id, version, manifestSha256, grants: gate.grants.map(printCapability), config: checkedConfig(manifest, config), limits };
    const started = await executor.start(order, {
      onHostCall: (hostCall, target, args) => {
        if (!this.#isEnded) hostCalls.receive(hostCall, target, args);
      },
      onEvent: (event) => this.#event(event),
      onEnded: ({ code, stage, message }) => this.#finish({ code, stage, message }),
    }, this.#starting.signal);
    // It was closed, or ended, while it was being started.
    if (this.#isEnded) return this.#endExecutor(started);
    const calls = this.#openCalls(started, hostCalls);
    this.#running = { pluginId: id, codecs, gate, calls, hostCalls, limits, executor: started };
    hostCalls.attach(started);
    metrics.instancesStarted += 1;
    log.info("instance-started", { plugin: id, version, instance, milliseconds: Math.round(performance.now() - startedAt) });
    this.#context.send({ tag: "opened", val: { instance } });
    if (this.#context.isPressed()) this.press(true);
  }

  #openHostCalls(gate: HostCallGate): InstanceHostCalls {
    const { metrics, limits, send, weigh } = this.#context;
    const { instance, id } = this.#open;
    return (this.#hostCalls = new InstanceHostCalls({
      instance, gate, metrics, send, most: limits.hostCalls,
      weigh: (hostCalls) => weigh({ hostCalls }),
      onViolation: (reason) => this.#finish({ code: "sandbox-violation", stage: "call", message: `The instance of ${id} was ended: its process sent ${reason}. Do not load it again` }),
    }));
  }

  #openCalls(executor: Running["executor"], hostCalls: InstanceHostCalls): InstanceCalls {
    const { metrics, send, weigh } = this.#context;
    const { instance, id } = this.#open;
    return new InstanceCalls(executor, {
      pluginId: id, metrics,
      answer: (call, outcome) => send({ tag: "answer", val: { instance, call, outcome } }),
      weigh: (calls, bytes) => weigh({ calls, bytes }),
      takeDenial: () => hostCalls.takeDenial(),
      onFailed: (failure) => this.#finish(failure),
    });
  }

  /** Only what was granted is told: a process says what it likes. */
  #event(event: GuestEvent): void {
    if (this.#isEnded || event.kind === "denied") return;
    const capability = event.kind === "output" ? event.stream : event.kind === "log" ? "log" : undefined;
    if (capability !== undefined && this.#gate?.grants.some(({ kind }) => kind === capability) !== true) return;
    const { instance } = this.#open;
    if (event.kind === "output-truncated") return this.#context.send({ tag: "event", val: { instance, event: { tag: event.kind } } });
    if (event.kind === "output") return this.#context.send({ tag: "event", val: { instance, event: { tag: event.kind, val: { stream: event.stream, text: event.text } } } });
    const { level, context, message } = event;
    this.#context.send({ tag: "event", val: { instance, event: { tag: "log", val: { level, context, message } } } });
  }

  /** @param failure - what its page is told; `undefined` where the page ended it itself, or is gone. */
  #finish(failure: FrameFailure | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { metrics, log, send, onEnded } = this.#context;
    const { instance, id, version } = this.#open;
    this.#starting.abort(new PluginError({ code: "aborted", stage: "instantiate", pluginId: id, message: `Starting ${id} was given up: its page does not wait for it any more` }));
    this.#running?.calls.end(failure);
    this.#hostCalls?.end();
    metrics.instances -= 1;
    metrics.instanceEnded(failure?.code ?? "closed");
    log.info("instance-ended", { plugin: id, version, instance, code: failure?.code ?? "closed" });
    if (failure !== undefined) send({ tag: "ended", val: { instance, failure } });
    if (this.#running !== undefined) this.#endExecutor(this.#running.executor);
    onEnded();
  }

  #endExecutor(executor: Running["executor"]): void {
    executor.end().catch((error: unknown) => this.#context.log.error("end-failed", { plugin: this.#open.id, reason: error instanceof Error ? error.message : String(error) }));
  }
}

/** What the page asks for, as far as the manifest and the bridge allow. */
function instanceLimits({ limits }: OpenFrame, manifest: Manifest, most: BridgeLimits): InstanceLimits {
  const bounded = (wanted: number | bigint, ...bounds: readonly (number | undefined)[]): number =>
    Math.max(1, Math.min(Number(wanted), ...bounds.filter((bound) => bound !== undefined)));
  return {
    instantiateMilliseconds: bounded(limits.instantiateMilliseconds, most.instantiateMilliseconds),
    callMilliseconds: bounded(limits.callMilliseconds, most.callMilliseconds, manifest.limits.callMilliseconds),
    memoryBytes: bounded(limits.memoryBytes, most.memoryBytes, manifest.limits.memoryBytes),
    messageBytes: bounded(limits.messageBytes, most.messageBytes),
    logBytes: bounded(limits.logBytes, most.logBytes),
  };
}

/** The configuration, checked again: the page's word for it is the page's. */
function checkedConfig(manifest: Manifest, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.length > LONGEST_CONFIG) throw new PluginError({ code: "config-invalid", stage: "configure", pluginId: manifest.id, message: `Cannot configure ${manifest.id}: what was sent has more than ${LONGEST_CONFIG} characters` });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PluginError({ code: "config-invalid", stage: "configure", pluginId: manifest.id, message: `Cannot configure ${manifest.id}: what was sent is no JSON`, cause });
  }
  const { value: checked } = configure(manifest, value, true);
  return manifest.config === undefined ? text : JSON.stringify(checked);
}

function startFailure(error: unknown, pluginId: string): FrameFailure {
  if (error instanceof PluginError) return failureFrame(error, pluginId);
  return { code: "instantiate-failed", stage: "instantiate", message: `Cannot start ${pluginId}: the bridge failed. Its log says how` };
}
