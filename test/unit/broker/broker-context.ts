/** What a broker needs of its instance, for tests of brokers. */
import { type Capability, parseCapability } from "../../../src/capability/capability.js";
import type { BrokerContext, Denial, HostOperation } from "../../../src/broker/broker.js";
import { HandleTable } from "../../../src/broker/handle-table.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../../../src/limits/plugin-limits.js";

export interface TestInstance {
  readonly context: BrokerContext;
  readonly denials: Denial[];
  readonly failures: unknown[];
  /** Changes what is granted while the instance runs. */
  grant(...texts: string[]): void;
  end(): void;
}

export function testInstance(texts: readonly string[], limits: Partial<PluginLimits> = {}): TestInstance {
  let granted = parsed(texts);
  const denials: Denial[] = [];
  const failures: unknown[] = [];
  const ending = new AbortController();
  const context: BrokerContext = {
    plugin: { id: "acme.test", version: "1.0.0" },
    limits: { ...DEFAULT_LIMITS, ...limits },
    grants: () => granted,
    handles: new HandleTable(),
    signal: ending.signal,
    deny: (denial) => void denials.push(denial),
    reportFailure: (error) => void failures.push(error),
  };
  return { context, denials, failures, grant: (...next) => void (granted = parsed(next)), end: () => ending.abort() };
}

function parsed(texts: readonly string[]): readonly Capability[] {
  return texts.map((text) => parseCapability(text, {}));
}

/** Makes a host call as the server does; operations that are not there are a mistake of the test. */
export async function perform(operations: ReadonlyMap<string, HostOperation>, name: string, values: readonly unknown[], signal = new AbortController().signal): Promise<unknown> {
  const operation = operations.get(name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return operation(values, { signal });
}
