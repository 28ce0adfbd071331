import type { BrokerContext, Denial } from "../../../src/broker/broker.js";
import { DeniedCall, InterfaceError, MalformedCall } from "../../../src/broker/call-errors.js";
import { HandleTable } from "../../../src/broker/handle-table.js";
import { createHttpBroker, type HttpBrokerOptions } from "../../../src/broker/http/http-broker.js";
import { createHandleBroker } from "../../../src/broker/input-streams.js";
import { parseCapability } from "../../../src/capability/capability.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../../../src/limits/plugin-limits.js";
import type { HostAnswer } from "../../../src/rpc/messages.js";
import { decodeShared, encodeShared } from "../../../src/rpc/shared-value.js";

export interface PageOptions extends HttpBrokerOptions {
  /** Texts of capabilities. */
  readonly grants: readonly string[];
  readonly limits?: Partial<PluginLimits>;
}

/** The page's end of one instance: the real brokers, reached the way that a worker reaches them. */
export class Page {
  readonly denials: Denial[] = [];
  readonly failures: unknown[] = [];
  /** May be changed at any time. */
  grants: readonly string[];
  readonly #ended = new AbortController();
  readonly #context: BrokerContext;
  readonly #brokers;

  constructor({ grants, limits, ...options }: PageOptions) {
    this.grants = grants;
    this.#context = {
      plugin: { id: "test.http", version: "1.0.0" },
      limits: { ...DEFAULT_LIMITS, ...limits },
      grants: () => this.grants.map((text) => parseCapability(text)),
      handles: new HandleTable(),
      signal: this.#ended.signal,
      deny: (denial) => void this.denials.push(denial),
      reportFailure: (error) => void this.failures.push(error),
    };
    this.#brokers = [createHandleBroker(this.#context), createHttpBroker(this.#context, options)];
  }

  /** One host call, as it comes and goes through messages. Throws {@link MalformedCall} where an instance would be ended. */
  async serve(operation: string, values: readonly unknown[]): Promise<HostAnswer> {
    const found = this.#brokers.flatMap(({ operations }) => operations.get(operation) ?? []);
    const [perform] = found;
    if (perform === undefined) throw new MalformedCall(`no operation ${operation}`);
    return structuredClone(await answer(() => perform(structuredClone(values), { signal: this.#ended.signal })));
  }

  /** Tells the brokers that the instance has ended, and frees nothing for them. */
  abort(): void {
    this.#ended.abort();
  }

  /** Ends the instance. */
  end(): void {
    this.#ended.abort();
    for (const broker of this.#brokers) broker.dispose?.();
    this.#context.handles.disposeAll();
  }
}

async function answer(work: () => unknown): Promise<HostAnswer> {
  try {
    return { kind: "ok", value: decodeShared(encodeShared(await work())) };
  } catch (error) {
    if (error instanceof InterfaceError) return { kind: "err", value: decodeShared(encodeShared(error.payload)) };
    if (error instanceof DeniedCall) return { kind: "denied", authority: error.capability, import: error.imported };
    throw error;
  }
}
