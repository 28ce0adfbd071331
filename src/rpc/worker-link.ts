import * as Comlink from "comlink";
import { PluginError } from "../errors/plugin-error.js";
import type { CallRequest, CarrierStep, GuestEvent, HostAnswer, HostCallRequest, Outcome, PluginWorkerService, SelfTest, SourceRequest, StartRequest } from "./messages.js";
import { parseAnnouncement, parseAnswer, parseOutcome } from "./parse-message.js";
import type { SandboxWorker } from "./sandbox-worker.js";

// Comlink's own forms for proxies and thrown values would let a worker hand the page objects of its making.
// This copy of Comlink is bundled into the package, so that no other code's handlers are affected.
Comlink.transferHandlers.clear();

// As many as an instance can have handles on the page, and some more.
const MOST_IDLE_SENDS = 8_192;

export interface WorkerLinkListeners {
  /** @returns whether the worker may say this. If not, the link is broken. */
  readonly onEvent: (event: GuestEvent) => boolean;
  /** @returns whether the worker may call this at all. If not, the link is broken. Left out: it may call nothing. */
  readonly onHostCall?: ((request: HostCallRequest) => boolean) | undefined;
  /** Its guest is one of WASI 0.3, whose tasks go on after their calls were answered. */
  readonly actsBetweenCalls?: boolean;
  /** @returns whether the worker may ask for this. If not, the link is broken. Left out: it was given no streams. */
  readonly onSourceRequest?: ((request: SourceRequest) => boolean) | undefined;
  /** The link is unusable: the worker failed, or broke the protocol. Called at most once. */
  readonly onBroken: (error: PluginError) => void;
}

/**
 * The host's end of the link to one plugin worker. Comlink makes the calls; this class adds what Comlink
 * lacks: every message is checked before Comlink sees it, and every pending call is settled when the worker
 * fails or is terminated (Comlink leaves them pending for ever).
 */
export class WorkerLink {
  readonly #worker: SandboxWorker;
  readonly #service: Comlink.Remote<PluginWorkerService>;
  readonly #listeners: WorkerLinkListeners;
  readonly #pluginId: string;
  readonly #pending = new Set<(error: PluginError) => void>();
  /** Comlink's names of what it has asked the worker and has no answer to. */
  readonly #unanswered = new Set<string>();
  #idleSends = 0;
  #ended: PluginError | undefined;
  /** Until the worker has said it, which it does once. */
  #settleSeal: ((seal: SelfTest) => void) | undefined;
  /** The worker's own verdict on the walls around it. Rejects if the link ends first. */
  readonly seal: Promise<SelfTest>;

  constructor(worker: SandboxWorker, pluginId: string, listeners: WorkerLinkListeners) {
    this.#worker = worker;
    this.#pluginId = pluginId;
    this.#listeners = listeners;
    this.seal = this.#track(() => new Promise<SelfTest>((resolve) => (this.#settleSeal = resolve)));
    this.seal.catch(() => undefined);
    this.#service = Comlink.wrap<PluginWorkerService>(this.#checkedEndpoint());
    worker.onFailure((error) => this.#break(this.#crashed(error)));
  }

  async start(request: StartRequest, transfer: Transferable[]): Promise<Outcome> {
    return this.#checked(await this.#track<unknown>(() => this.#service.start(Comlink.transfer(request, transfer))));
  }

  async call(request: CallRequest, transfer: Transferable[]): Promise<Outcome> {
    return this.#checked(await this.#track<unknown>(() => this.#service.call(Comlink.transfer(request, transfer))));
  }

  async drop(resource: number): Promise<Outcome> {
    return this.#checked(await this.#track<unknown>(() => this.#service.drop(resource)));
  }

  async pull(carrier: number): Promise<Outcome> {
    return this.#checked(await this.#track<unknown>(() => this.#service.pull(carrier)));
  }

  async leave(carrier: number): Promise<Outcome> {
    return this.#checked(await this.#track<unknown>(() => this.#service.leave(carrier)));
  }

  /** Answers a worker that asked for an item of the app's. */
  answerSource(source: number, step: CarrierStep, transfer: Transferable[]): void {
    if (this.#ended === undefined) this.#worker.postMessage({ sourceAnswer: { source, step } }, transfer);
  }

  /** Answers a host call by message. */
  answer(id: number, answer: HostAnswer): void {
    if (this.#ended === undefined) this.#worker.postMessage({ hostAnswer: { id, answer } });
  }

  /** Ends the worker because of what it sent: `found` says what. */
  breakProtocol(found: string): void {
    this.#break(this.#violation(found));
  }

  /** Ends the worker and settles everything pending with `reason`. */
  terminate(reason: PluginError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#worker.terminate();
    for (const reject of this.#pending) reject(reason);
    this.#pending.clear();
    // Comlink's finalizer holds the endpoint, which holds this link and with it the proxy: neither would ever be collected.
    this.#service[Comlink.releaseProxy]();
  }

  /** Comlink's endpoint, behind the check of everything that comes out of the worker. */
  #checkedEndpoint(): Comlink.Endpoint {
    const listeners = new Set<(message: MessageEvent) => void>();
    this.#worker.onMessage((message) => {
      if (this.#ended !== undefined) return;
      const answer = parseAnswer(message);
      if (answer === undefined) this.#announcement(message);
      // Comlink would ignore it, and a flood of them would keep the page's thread busy until the call's deadline.
      else if (!this.#unanswered.delete(answer.id)) this.breakProtocol("an answer to nothing that it was asked, or a second one");
      else for (const listener of listeners) listener(new MessageEvent("message", { data: { ...answer, type: "RAW" } }));
    });
    return {
      postMessage: (message: { readonly id: string }, transfer: Transferable[] = []) => {
        if (this.#ended !== undefined) return;
        this.#unanswered.add(message.id);
        this.#worker.postMessage(message, transfer);
      },
      addEventListener: (_type: string, listener: unknown) => void listeners.add(listener as (message: MessageEvent) => void),
      removeEventListener: (_type: string, listener: unknown) => void listeners.delete(listener as (message: MessageEvent) => void),
    };
  }

  #announcement(message: unknown): void {
    const announcement = parseAnnouncement(message);
    if (announcement === undefined) this.breakProtocol("a message that is neither an answer, a call nor an event");
    else if ("seal" in announcement) this.#sealed(announcement.seal);
    else if ("hostCall" in announcement) this.#hostCall(announcement.hostCall);
    else if ("sourceRequest" in announcement) this.#sourceRequest(announcement.sourceRequest);
    else if (!this.#listeners.onEvent(announcement.event)) this.breakProtocol("an event that was not granted, or too many");
  }

  #sealed(seal: SelfTest): void {
    if (this.#settleSeal === undefined) return this.breakProtocol("a second verdict on its sandbox");
    this.#settleSeal(seal);
    this.#settleSeal = undefined;
  }

  /** Guests of WASI 0.3 read and leave what they were given outside of calls too. */
  #sourceRequest(request: SourceRequest): void {
    const isPermitted = this.#listeners.onSourceRequest?.(request) ?? false;
    if (!isPermitted) this.breakProtocol(`a wish for an item of the stream ${request.source}, which it was not given, has left, or waits for already`);
  }

  #hostCall(request: HostCallRequest): void {
    const isPermitted = this.#isExpected(request) && (this.#listeners.onHostCall?.(request) ?? false);
    if (!isPermitted) this.breakProtocol(`the host call ${JSON.stringify(request.operation)}, which is not open to it, or too many at once`);
  }

  /** A guest acts only inside a call. Outside, all that our runtime says is what a collected object stood for. */
  #isExpected({ id }: HostCallRequest): boolean {
    if (this.#pending.size > 0 || this.#listeners.actsBetweenCalls === true) {
      this.#idleSends = 0;
      return true;
    }
    this.#idleSends += 1;
    return id === 0 && this.#idleSends <= MOST_IDLE_SENDS;
  }

  #checked(message: unknown): Outcome {
    const outcome = parseOutcome(message);
    if (outcome !== undefined) return outcome;
    const error = this.#violation("an answer without a known outcome");
    this.#break(error);
    throw error;
  }

  /** Not begun at all on a link that has ended. */
  #track<Value>(begin: () => PromiseLike<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#pending.add(reject);
      begin().then(
        (value) => {
          this.#pending.delete(reject);
          resolve(value);
        },
        (error: unknown) => {
          this.#pending.delete(reject);
          reject(this.#crashed(error instanceof Error ? error : new Error(String(error))));
        },
      );
    });
  }

  #break(error: PluginError): void {
    if (this.#ended !== undefined) return;
    this.terminate(error);
    this.#listeners.onBroken(error);
  }

  #violation(found: string): PluginError {
    return new PluginError({
      code: "sandbox-violation",
      stage: "call",
      pluginId: this.#pluginId,
      message: `The worker of ${this.#pluginId} was ended: it sent ${found}, which is against the protocol. Do not load it again`,
    });
  }

  #crashed(cause: Error): PluginError {
    return new PluginError({
      code: "crashed",
      stage: "call",
      pluginId: this.#pluginId,
      message: `The worker of ${this.#pluginId} failed: ${cause.message || "the browser gave no reason"}`,
      cause,
    });
  }
}
