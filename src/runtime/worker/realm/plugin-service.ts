import { eventCost } from "../../../rpc/event-cost.js";
import type { CallRequest, CarrierStep, GuestEvent, HostCallRequest, Outcome, PluginWorkerService, SelfTest, StartRequest } from "../../../rpc/messages.js";
import { disposeSymbol, type GuestContext, type LentResource } from "../../../wasi/guest-context.js";
import { createImportTable, type ImportExtension } from "../../../wasi/import-table.js";
import type { CarrierTable } from "./carrier-table.js";
import { coreModuleSource } from "./core-module-source.js";
import { createExportTable, type ExportedFunction, UnknownResource } from "./export-table.js";
import { type ChannelFactory, noChannel } from "./host-calls.js";
import type { LiftBudget } from "./lift-budget.js";
import { ResourceTable } from "./resource-table.js";

/** Glue ABI 2: what the transpiled fragment declares. */
export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Record<string, object>,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  liftBounds: LiftBudget["bounds"],
) => unknown;

/** What a worker needs in which something was granted that lives on the page. */
export interface PageImports {
  readonly channels: ChannelFactory;
  readonly extensions: readonly ImportExtension[];
}

/** What the service needs of its surroundings. */
export interface ServiceRealm {
  readonly seal: Promise<SelfTest>;
  /** What the guest's messages may take of this worker's heap. */
  readonly budget: LiftBudget;
  /** Evaluates the glue. Called once, after the seal was found whole and the globals are gone. */
  readonly loadGlue: () => Instantiate;
  readonly emit: (event: GuestEvent) => void;
  readonly postHostCall: (message: { readonly hostCall: HostCallRequest }) => void;
  /** Marks a value whose buffers move with it. */
  readonly transfer: <Value extends object>(value: Value, buffers: Transferable[]) => Value;
  readonly pageImports: PageImports | undefined;
  readonly carriers: CarrierTable;
}

/** The one plugin instance of this worker. */
export function createPluginService(realm: ServiceRealm): PluginWorkerService {
  const resources = new ResourceTable();
  let instance: InstanceContext | undefined;
  let functions: ReadonlyMap<string, ExportedFunction> = new Map();
  return {
    async start(request: StartRequest): Promise<Outcome> {
      const seal = await realm.seal;
      if (!seal.sealed) return { kind: "trap", message: `the sandbox is open: ${seal.open}` };
      if (instance !== undefined) return { kind: "trap", message: "this worker has an instance already" };
      const context = new InstanceContext(request, realm);
      instance = context;
      realm.budget.open(request.messageBytes, context.end);
      realm.carriers.onFailed = (message) => void context.end({ kind: "host-failed", message });
      try {
        const imports = createImportTable(request.world, new Map(request.authorities), instance, realm.pageImports?.extensions ?? []);
        // Not awaited: with synchronous callbacks glue answers synchronously, and a plugin that exports a function
        // named `then` would make awaiting its exports call that function instead.
        const { get, instantiate } = coreModuleSource(request);
        const exports = realm.loadGlue()(get, imports, instantiate, realm.budget.bounds);
        functions = createExportTable(request.world, exports, { exported: resources, lent: instance.lentResources, carriers: realm.carriers });
        return { kind: "ok", value: undefined };
      } catch (error) {
        return instance.fatal ?? (isMemoryRefusal(error) ? { kind: "memory-exhausted", message: error.message } : trap(error));
      }
    },
    async call({ target, arguments: values }: CallRequest): Promise<Outcome> {
      const exported = functions.get(target);
      if (exported === undefined || instance === undefined) return { kind: "trap", message: `no export ${target}` };
      // Something that the guest read outside of calls failed.
      return instance.fatal ?? invoke(exported, values, instance, realm);
    },
    async pull(carrier: number): Promise<Outcome> {
      if (instance === undefined) return { kind: "trap", message: "there is no instance" };
      return pull(carrier, realm, instance);
    },
    async leave(carrier: number): Promise<Outcome> {
      try {
        realm.carriers.leave(carrier);
        return instance?.fatal ?? { kind: "ok", value: undefined };
      } catch (error) {
        return instance?.fatal ?? trap(error);
      }
    },
    async drop(resource: number): Promise<Outcome> {
      try {
        const object = resources.take(resource);
        const dispose = object === undefined ? undefined : (object as { [Symbol.dispose]?: () => void })[disposeSymbol];
        dispose?.call(object as { [Symbol.dispose](): void });
        return { kind: "ok", value: undefined };
      } catch (error) {
        return instance?.fatal ?? trap(error);
      }
    },
  };
}

async function invoke(exported: ExportedFunction, values: readonly unknown[], instance: InstanceContext, { budget, transfer: move }: ServiceRealm): Promise<Outcome> {
  budget.renew();
  const transfer: ArrayBuffer[] = [];
  try {
    const answered = exported.invoke(values);
    // A resource may have a method named `then`: only what the glue itself promises is awaited.
    const value: unknown = answered instanceof Promise ? await instance.unlessEnded(answered) : answered;
    const numbered = exported.numbered(value);
    if (numbered !== undefined) await instance.unlessEnded(numbered);
    return move({ kind: "ok", value: exported.toWire(value, "ok", transfer) }, transfer);
  } catch (error) {
    if (error instanceof UnknownResource) return { kind: "resource-invalid", message: error.message };
    // Set by an import that ended the instance: the guest's own trap on the way out says less.
    if (instance.fatal !== undefined) return instance.fatal;
    if (!exported.fallible || !isErrorResult(error)) return trap(error);
    return move({ kind: "err", value: exported.toWire(error.payload, "err", transfer) }, transfer);
  }
}

async function pull(carrier: number, { carriers, transfer }: ServiceRealm, instance: InstanceContext): Promise<Outcome> {
  try {
    const step = (await instance.unlessEnded(carriers.pull(carrier))) as CarrierStep;
    const chunk = step.kind === "item" && ArrayBuffer.isView(step.value) ? [step.value.buffer] : [];
    return transfer({ kind: "ok", value: step }, chunk.filter((buffer) => buffer instanceof ArrayBuffer));
  } catch (error) {
    return instance.fatal ?? trap(error);
  }
}

/** What the imports of this worker's instance share, and why it must end. */
class InstanceContext implements GuestContext {
  readonly authority: GuestContext["authority"];
  readonly grants: GuestContext["grants"];
  readonly emit: GuestContext["emit"];
  readonly channel: GuestContext["channel"];
  readonly lentResources = new Map<number, LentResource>();
  #fatal: Outcome | undefined;
  readonly #waiting = new Set<() => void>();

  constructor({ authority, transport, outputBytes }: StartRequest, { emit, postHostCall, pageImports }: ServiceRealm) {
    this.authority = authority;
    this.grants = new Set(authority.grants);
    this.emit = boundedEmit(emit, outputBytes);
    const channels = transport === null ? undefined : pageImports?.channels;
    this.channel = transport === null || channels === undefined ? noChannel(this.end) : channels.create(transport, { post: postHostCall, end: this.end });
  }

  get fatal(): Outcome | undefined {
    return this.#fatal;
  }

  readonly end = (reason: Outcome): WebAssembly.RuntimeError => {
    this.#fatal ??= reason;
    for (const stop of this.#waiting) stop();
    return new WebAssembly.RuntimeError("the instance was ended");
  };

  /** The answer of a guest that may be suspended, unless the instance is ended before: then it never answers by itself. */
  unlessEnded(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new WebAssembly.RuntimeError("the instance was ended"));
      if (this.#fatal !== undefined) stop();
      this.#waiting.add(stop);
      // Taken out again: an instance lives through millions of calls.
      void answer.then(resolve, reject).finally(() => this.#waiting.delete(stop));
    });
  }
}

/**
 * Glue throws a `ComponentError` for an `err` result; the class is private to the glue, its mark is an own
 * member `payload` on an error that is no trap.
 */
function isErrorResult(error: unknown): error is { payload: unknown } {
  return error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && Object.hasOwn(error, "payload");
}

/** V8's and SpiderMonkey's words for it: the specification leaves it to the engine, and only demands a RangeError. */
function isMemoryRefusal(error: unknown): error is RangeError {
  return error instanceof RangeError && /memory/i.test(error.message);
}

function trap(error: unknown): Outcome {
  return { kind: "trap", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

function boundedEmit(emit: (event: GuestEvent) => void, bytes: number): (event: GuestEvent) => void {
  let left = bytes;
  return (event) => {
    if (left <= 0) return;
    left -= eventCost(event);
    emit(left > 0 ? event : { kind: "output-truncated" });
  };
}
