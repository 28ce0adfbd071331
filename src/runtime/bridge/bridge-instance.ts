import { BincodeProblem } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import type { PageSide } from "../../broker/plain-page-side.js";
import { type Capability, printCapability } from "../../capability/capability.js";
import { PluginError } from "../../errors/plugin-error.js";
import { eventCost } from "../../rpc/event-cost.js";
import type { CallRequest, GuestEvent, HostAnswer, Outcome } from "../../rpc/messages.js";
import type { PluginInstance } from "../plugin-instance.js";
import type { InstanceListeners } from "../plugin-runtime.js";
import { type BridgeCodecs, readAnswer, writeHostAnswer } from "./bridge-codecs.js";
import type { BridgeConnection, InstanceFrame } from "./bridge-connection.js";
import { bridgeError, disconnected } from "./bridge-failures.js";
import type { BridgeFunction } from "./bridge-functions.js";
import type { BridgeSocket } from "./bridge-socket.js";
import type { AnswerFrame } from "./frames.js";

/** What an instance behind a bridge is made of on the page. */
export interface BridgeInstanceParts {
  readonly pluginId: string;
  readonly instance: number;
  readonly connection: BridgeConnection;
  readonly socket: BridgeSocket;
  readonly codecs: BridgeCodecs;
  readonly page: PageSide;
  /** What it has now. */
  readonly grants: () => readonly Capability[];
  readonly listeners: InstanceListeners;
  /** Bytes of output that it may write. */
  readonly logBytes: number;
}

interface PendingCall {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: PluginError) => void;
  readonly read: (answer: AnswerFrame) => Outcome;
}

/** One instance behind a bridge, as the page has it. What comes from the bridge is checked as what comes from a worker is. */
export class BridgeInstance implements PluginInstance {
  readonly #parts: BridgeInstanceParts;
  readonly #pending = new Map<number, PendingCall>();
  #told: string;
  #logBytesLeft: number;
  #lastCall = 0;
  #isOpen = false;
  #ended: PluginError | undefined;
  #settleOpened: { readonly resolve: () => void; readonly reject: (error: PluginError) => void } | undefined;
  /** Settles when the bridge says that it stands. Until then, whoever waits for it is told what failed; it is not an instance that ended. */
  readonly opened: Promise<void>;

  constructor(parts: BridgeInstanceParts) {
    this.#parts = parts;
    this.#told = this.#grantTexts().join("\n");
    // The bridge's last event says that the rest was cut off, beyond the limit.
    this.opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }));
    this.opened.catch(() => undefined);
    this.#logBytesLeft = parts.logBytes + eventCost({ kind: "output-truncated" });
    parts.connection.enter(parts.instance, {
      socket: parts.socket,
      onFrame: (frame) => this.#receive(frame),
      onDisconnected: (reason) => this.#break(disconnected(`The instance of ${parts.pluginId} has ended`, parts.pluginId, reason)),
    });
  }

  async call({ target, arguments: values }: CallRequest, _transfer: Transferable[], milliseconds: number): Promise<Outcome> {
    const described = this.#parts.codecs.exports.get(target);
    if (described === undefined) throw this.#violation(`a call of ${target}, which it does not export`);
    const args = encodeBincode(described.arguments, values, "arguments");
    return this.#ask((answer) => readAnswer(answer, described, this.#parts.pluginId), (call) => {
      this.#parts.socket.send({ tag: "call", val: { instance: this.#parts.instance, call, target, milliseconds: wholeMilliseconds(milliseconds), arguments: args } });
    });
  }

  drop(resource: number): Promise<Outcome> {
    const described: BridgeFunction = { target: "drop", arguments: { kind: "tuple", items: [] }, ok: null, err: null, fallible: false };
    return this.#ask((answer) => readAnswer(answer, described, this.#parts.pluginId), (call) => {
      this.#parts.socket.send({ tag: "drop", val: { instance: this.#parts.instance, call, resource } });
    });
  }

  /** Ends it: the bridge kills its process. */
  terminate(reason: PluginError): void {
    this.#end(reason);
    this.#parts.socket.send({ tag: "close", val: { instance: this.#parts.instance } });
  }

  #ask(read: PendingCall["read"], send: (call: number) => void): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (!this.#parts.socket.isOpen) return reject(disconnected(`Calling ${this.#parts.pluginId} failed`, this.#parts.pluginId, "it is closed"));
      this.#narrow();
      this.#lastCall += 1;
      this.#pending.set(this.#lastCall, { resolve, reject, read });
      send(this.#lastCall);
    });
  }

  /** Tells the bridge what was taken back meanwhile. The page refuses it in any case. */
  #narrow(): void {
    const grants = this.#grantTexts();
    const text = grants.join("\n");
    if (text === this.#told) return;
    this.#told = text;
    this.#parts.socket.send({ tag: "revoke", val: { instance: this.#parts.instance, grants } });
  }

  #grantTexts(): string[] {
    return this.#parts.grants().map(printCapability);
  }

  #receive(frame: InstanceFrame): void {
    if (this.#ended !== undefined) return;
    switch (frame.tag) {
      case "answer": return this.#settle(frame.val.call, frame.val.outcome);
      case "ended": return this.#break(bridgeError(frame.val.failure, this.#parts.pluginId));
      case "host-call": return this.#hostCall(frame.val);
      case "event": return this.#event(frame.val.event);
      case "opened": return this.#open();
    }
  }

  #open(): void {
    if (this.#isOpen) return this.#break(this.#violation("that it was opened, twice"));
    this.#isOpen = true;
    this.#settleOpened?.resolve();
  }

  #settle(call: number, answer: AnswerFrame): void {
    const pending = this.#pending.get(call);
    if (pending === undefined) return this.#break(this.#violation(`an answer to the call ${call}, which was not made`));
    this.#pending.delete(call);
    // The bridge has ended the instance with it: a deadline or a limit of its own.
    if (answer.tag === "failed") {
      const error = bridgeError(answer.val, this.#parts.pluginId);
      pending.reject(error);
      return this.#break(error);
    }
    try {
      pending.resolve(pending.read(answer));
    } catch (error) {
      const failure = error instanceof PluginError ? error : this.#violation(String(error));
      pending.reject(failure);
      this.#break(failure);
    }
  }

  #hostCall({ id, target, arguments: bytes }: Extract<InstanceFrame, { readonly tag: "host-call" }>["val"]): void {
    const described = this.#parts.codecs.imports.get(target);
    const [interfaceName, functionName] = splitTarget(target);
    let values: unknown;
    try {
      values = described === undefined ? undefined : decodeBincode(described.arguments, bytes, "arguments");
    } catch (error) {
      if (!(error instanceof BincodeProblem)) throw error;
    }
    // A plugin acts inside a call, or while it is started.
    const isExpected = this.#pending.size > 0 || !this.#isOpen;
    if (described === undefined || !Array.isArray(values) || !isExpected) return this.#break(this.#violation(`the host call ${JSON.stringify(target)}, which is not open to it, or not of its form`));
    const link = {
      answer: (_id: number, answer: HostAnswer) => this.#answer(id, answer, described),
      breakProtocol: (found: string) => this.#break(this.#violation(found)),
    };
    // Numbers of host calls begin with 1 on the page: 0 stands for one that nobody waits for.
    const isPermitted = this.#parts.page.serve({ id: id + 1, operation: "host.call", arguments: [interfaceName, functionName, values] }, link);
    if (!isPermitted) this.#break(this.#violation(`the host call ${JSON.stringify(target)}, which is not open to it, or too many at once`));
  }

  #answer(id: number, answer: HostAnswer, described: BridgeFunction): void {
    if (this.#ended !== undefined) return;
    this.#narrow();
    this.#parts.socket.send({ tag: "host-answer", val: { instance: this.#parts.instance, id, answer: writeHostAnswer(answer, described) } });
  }

  #event(frame: Extract<InstanceFrame, { readonly tag: "event" }>["val"]["event"]): void {
    const event: GuestEvent = frame.tag === "output-truncated" ? { kind: frame.tag } : frame.tag === "output" ? { kind: frame.tag, ...frame.val } : { kind: frame.tag, ...frame.val };
    const capability = event.kind === "output" ? event.stream : event.kind === "log" ? "log" : undefined;
    this.#logBytesLeft -= eventCost(event);
    const isGranted = capability === undefined || this.#parts.page.authority.grants.includes(capability);
    if (this.#logBytesLeft < 0 || !isGranted) return this.#break(this.#violation("an event that was not granted, or too many"));
    this.#parts.listeners.onEvent(event);
  }

  /** It ended by itself. */
  #break(error: PluginError): void {
    if (this.#ended !== undefined) return;
    this.#end(error);
    this.#parts.socket.send({ tag: "close", val: { instance: this.#parts.instance } });
    if (this.#isOpen) this.#parts.listeners.onBroken(error);
  }

  #end(reason: PluginError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#settleOpened?.reject(reason);
    this.#parts.connection.leave(this.#parts.instance);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#parts.page.dispose();
  }

  #violation(found: string): PluginError {
    const { pluginId, connection } = this.#parts;
    return new PluginError({ code: "sandbox-violation", stage: "call", pluginId, message: `The instance of ${pluginId} was ended: its bridge at ${connection.url} sent ${found}. Do not load it again` });
  }
}

function splitTarget(target: string): readonly [interfaceName: string, functionName: string] {
  const position = target.lastIndexOf("#");
  return [target.slice(0, position), target.slice(position + 1)];
}

const MOST_MILLISECONDS = 0xffff_ffff;

/** A bridge counts whole milliseconds, in 32 bits. */
function wholeMilliseconds(milliseconds: number): number {
  return Math.min(MOST_MILLISECONDS, Math.max(1, Math.ceil(milliseconds)));
}
