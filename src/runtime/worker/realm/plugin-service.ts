import { eventCost } from "../../../rpc/event-cost.js";
import type { CallRequest, GuestEvent, Outcome, PluginWorkerService, SelfTest, StartRequest } from "../../../rpc/messages.js";
import type { GuestContext } from "../../../wasi/guest-context.js";
import { createImportTable } from "../../../wasi/import-table.js";
import { createExportTable, type ExportedFunction, UnknownResource } from "./export-table.js";
import { ResourceTable } from "./resource-table.js";

/** Glue ABI 1: what the transpiled fragment declares. */
export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Record<string, object>,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => unknown;

/** What the service needs of its surroundings. */
export interface ServiceRealm {
  readonly seal: Promise<SelfTest>;
  /** Evaluates the glue. Called once, after the seal was found whole and the globals are gone. */
  readonly loadGlue: () => Instantiate;
  readonly emit: (event: GuestEvent) => void;
  /** Marks a value whose buffers move with it. */
  readonly transfer: <Value extends object>(value: Value, buffers: Transferable[]) => Value;
}

/** The one plugin instance of this worker. */
export function createPluginService(realm: ServiceRealm): PluginWorkerService {
  const resources = new ResourceTable();
  let context: GuestContext | undefined;
  let functions: ReadonlyMap<string, ExportedFunction> = new Map();
  return {
    async start(request: StartRequest): Promise<Outcome> {
      const seal = await realm.seal;
      if (!seal.sealed) return { kind: "trap", message: `the sandbox is open: ${seal.open}` };
      if (context !== undefined) return { kind: "trap", message: "this worker has an instance already" };
      context = { grants: new Set(request.grants), emit: boundedEmit(realm.emit, request.outputBytes), fatal: undefined };
      try {
        const imports = createImportTable(request.world, new Map(request.authorities), context);
        // Not awaited: with synchronous callbacks glue answers synchronously, and a plugin that exports a function
        // named `then` would make awaiting its exports call that function instead.
        const instance = realm.loadGlue()(moduleSource(request), imports, (module, table) => new WebAssembly.Instance(module, table));
        functions = createExportTable(request.world, instance, resources);
        return { kind: "ok", value: undefined };
      } catch (error) {
        return context.fatal ?? trap(error);
      }
    },
    async call({ target, arguments: values }: CallRequest): Promise<Outcome> {
      const exported = functions.get(target);
      if (exported === undefined || context === undefined) return { kind: "trap", message: `no export ${target}` };
      const transfer: ArrayBuffer[] = [];
      try {
        const answered = exported.invoke(values);
        // A resource may have a method named `then`: only what the glue itself promises is awaited.
        const value: unknown = answered instanceof Promise ? await answered : answered;
        return realm.transfer({ kind: "ok", value: exported.toWire(value, "ok", transfer) }, transfer);
      } catch (error) {
        if (error instanceof UnknownResource) return { kind: "resource-invalid", message: error.message };
        // Set by an import that ended the instance: the guest's own trap on the way out says less.
        if (context.fatal !== undefined) return context.fatal;
        if (!exported.fallible || !isErrorResult(error)) return trap(error);
        return realm.transfer({ kind: "err", value: exported.toWire(error.payload, "err", transfer) }, transfer);
      }
    },
    async drop(resource: number): Promise<Outcome> {
      try {
        const object = resources.take(resource);
        const dispose = object === undefined ? undefined : (object as { [Symbol.dispose]?: () => void })[disposeSymbol];
        dispose?.call(object as { [Symbol.dispose](): void });
        return { kind: "ok", value: undefined };
      } catch (error) {
        return context?.fatal ?? trap(error);
      }
    },
  };
}

// jco's glue falls back to the registered symbol where the engine has no `Symbol.dispose`.
const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("dispose");

function moduleSource(request: StartRequest): (name: string) => WebAssembly.Module {
  const modules = new Map(request.coreModules);
  return (name) => {
    const module = modules.get(name);
    if (module === undefined) throw new Error(`the glue asks for the core module ${name}, which is not part of the package`);
    // Synchronous compilation is right here: the realm takes no compiled modules, and the worker has nothing else to do.
    return module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module as Uint8Array<ArrayBuffer>);
  };
}

/**
 * Glue throws a `ComponentError` for an `err` result; the class is private to the glue, its mark is an own
 * member `payload` on an error that is no trap.
 */
function isErrorResult(error: unknown): error is { payload: unknown } {
  return error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && Object.hasOwn(error, "payload");
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
