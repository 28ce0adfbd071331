/** A guest's side of wasi:filesystem over the page's real operations. The way between them is the only stand-in. */
import type { Broker, BrokerContext, Denial, HostOperation } from "../../../src/broker/broker.js";
import { InterfaceError } from "../../../src/broker/call-errors.js";
import type { DirectoryBackend } from "../../../src/broker/filesystem/directory-backend.js";
import { createFilesystemBroker } from "../../../src/broker/filesystem/filesystem-broker.js";
import type { GuestAuthority } from "../../../src/rpc/messages.js";
import { HandleTable } from "../../../src/broker/handle-table.js";
import { createHandleBroker } from "../../../src/broker/input-streams.js";
import { type Capability, parseCapability } from "../../../src/capability/capability.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { decodeShared, encodeShared } from "../../../src/rpc/shared-value.js";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { filesystemExtension } from "../../../src/wasi/filesystem/filesystem-extension.js";
import { disposeSymbol, type GuestContext, ImportError, type ImportImplementation } from "../../../src/wasi/guest-context.js";
import type { HostChannel } from "../../../src/wasi/host-channel.js";

/**
 * How a call waits for the page. `suspending` gives promises. `blocking` answers at once: where nothing in this thread
 * could wait, a call is given up, and made again when the answer is there; each method makes one call at most.
 */
export type Mode = "suspending" | "blocking";

export const MODES: readonly Mode[] = ["suspending", "blocking"];

export interface Guest {
  /** The preopens, by path. */
  readonly directories: ReadonlyMap<string, Descriptor>;
  readonly implementations: ReadonlyMap<string, ImportImplementation>;
  readonly context: GuestContext;
  readonly denials: Denial[];
  readonly problems: unknown[];
  /** Calls an operation of the page as a worker does that something else has taken over. */
  readonly callDirectly: (operation: string, ...values: readonly unknown[]) => Promise<unknown>;
  /** What is granted from now on. */
  regrant(...capabilities: readonly string[]): void;
  /** Numbers of handles that are open on the page. */
  readonly openHandles: () => number;
  readonly preopens: GuestAuthority["directories"];
  readonly end: AbortController;
}

export function createGuest(
  capabilities: readonly string[],
  directories: Readonly<Record<string, DirectoryBackend>> | ReadonlyMap<string, DirectoryBackend>,
  mode: Mode = "suspending",
): Guest {
  const offered = directories instanceof Map ? directories : new Map(Object.entries(directories));
  let grants: readonly Capability[] = capabilities.map((text) => parseCapability(text));
  const [denials, problems, end, handles]: [Denial[], unknown[], AbortController, HandleTable] = [[], [], new AbortController(), new HandleTable()];
  let opened = 0;
  const add = handles.add.bind(handles);
  handles.add = (handle, full) => {
    opened += 1;
    const dispose = handle.dispose?.bind(handle);
    handle.dispose = () => {
      opened -= 1;
      dispose?.();
    };
    return add(handle, full);
  };
  const brokerContext: BrokerContext = {
    plugin: { id: "acme.files", version: "1.0.0" },
    limits: DEFAULT_LIMITS,
    grants: () => grants,
    handles,
    signal: end.signal,
    deny: (denial) => denials.push(denial),
    reportFailure: (error) => problems.push(error),
  };
  const broker = createFilesystemBroker(brokerContext, offered);
  const brokers: readonly Broker[] = [broker, createHandleBroker(brokerContext)];
  const operations = new Map<string, HostOperation>(brokers.flatMap((one) => [...one.operations]));
  const callDirectly = async (operation: string, ...values: readonly unknown[]) => {
    const perform = operations.get(operation);
    if (perform === undefined) throw new Error(`there is no operation ${operation}`);
    return perform(values, { signal: end.signal });
  };
  const call = async (operation: string, values: readonly unknown[]) => {
    try {
      // Both ways in which values cross: each must survive either.
      return decodeShared(encodeShared(await callDirectly(operation, ...structuredClone(values))));
    } catch (error) {
      throw error instanceof InterfaceError ? new ImportError(error.payload) : error;
    }
  };
  const send = (operation: string, values: readonly unknown[]) => void callDirectly(operation, ...values);
  const blocking = new BlockingChannel(call, send);
  const channel: HostChannel = mode === "blocking" ? blocking : { call, send };
  const context = createContext(channel, broker.preopens);
  const implementations = new Map(filesystemExtension(context, { types: [], imports: { interfaces: [], functions: [] }, exports: { interfaces: [], functions: [] } }));
  return {
    context, implementations, denials, problems, end, callDirectly,
    directories: new Map(preopened(implementations).map(([path, descriptor]) => [path, mode === "blocking" ? blocking.wrap(descriptor) : descriptor])),
    preopens: broker.preopens,
    regrant: (...texts) => (grants = texts.map((text) => parseCapability(text))),
    openHandles: () => opened - broker.preopens.length,
  };
}

class Pending extends Error {
  readonly answer: Promise<unknown>;

  constructor(answer: Promise<unknown>) {
    super("the answer is not there yet");
    this.answer = answer;
  }
}

const originals = new WeakMap<object, object>();

class BlockingChannel implements HostChannel {
  readonly #call: (operation: string, values: readonly unknown[]) => Promise<unknown>;
  readonly send: HostChannel["send"];
  #answer: { readonly settled: PromiseSettledResult<unknown> } | undefined;

  constructor(call: (operation: string, values: readonly unknown[]) => Promise<unknown>, send: HostChannel["send"]) {
    this.#call = call;
    this.send = send;
  }

  call(operation: string, values: readonly unknown[]): unknown {
    const answer = this.#answer?.settled;
    if (answer === undefined) throw new Pending(this.#call(operation, values));
    this.#answer = undefined;
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  }

  /** The same object, whose methods are made again until they answer; what they give is wrapped as well. */
  wrap<Resource extends object>(resource: Resource): Resource {
    const wrapped = new Proxy(resource, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function" || name === disposeSymbol) return typeof method === "function" ? () => Reflect.apply(method, target, []) : method;
        return (...values: readonly unknown[]) => this.#perform(() => Reflect.apply(method, target, values.map(unwrapped)));
      },
    });
    originals.set(wrapped, resource);
    return wrapped;
  }

  async #perform(work: () => unknown): Promise<unknown> {
    try {
      return this.#wrapResult(work());
    } catch (error) {
      if (!(error instanceof Pending)) throw error;
      const [settled] = await Promise.allSettled([error.answer]);
      this.#answer = { settled };
      return this.#wrapResult(work());
    }
  }

  #wrapResult(result: unknown): unknown {
    if (result instanceof Promise) throw new Error("a call that blocks gave a promise");
    const isResource = typeof result === "object" && result !== null && Object.getPrototypeOf(result) !== Object.prototype && !Array.isArray(result) && !ArrayBuffer.isView(result);
    return isResource ? this.wrap(result) : result;
  }
}

function unwrapped(value: unknown): unknown {
  return (typeof value === "object" && value !== null && originals.get(value)) || value;
}

function createContext(channel: HostChannel, directories: Guest["preopens"]): GuestContext {
  return {
    authority: { grants: ["fs"], environment: [], arguments: [], config: [], directories, hostInterfaces: [], standardInput: undefined, clockResolutionMilliseconds: 0 },
    grants: new Set(["fs"]),
    emit: () => undefined,
    channel,
    fatal: undefined,
    end: () => new WebAssembly.RuntimeError("ended"),
  };
}

function preopened(implementations: ReadonlyMap<string, ImportImplementation>): readonly (readonly [string, Descriptor])[] {
  const list = implementations.get("wasi:filesystem/preopens")?.functions.get("get-directories") as (() => readonly (readonly [Descriptor, string])[]) | undefined;
  return (list?.() ?? []).map(([descriptor, path]) => [path, descriptor]);
}

/** The guest's own names for what it passes. */
export const FOLLOW = { symlinkFollow: true };
export const READ = { read: true };
export const WRITE = { write: true };
export const READ_WRITE = { read: true, write: true };
export const NONE = {};
export const CREATE = { create: true };

/** What `work` fails with: the error code that the guest sees, or the text of what is no such error. */
export async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return "success";
  } catch (error) {
    return error instanceof ImportError ? error.payload : (error as Error).constructor.name;
  }
}

export function drop(resource: object): void {
  (resource as { [disposeSymbol](): void })[disposeSymbol]();
}

export function directory(guest: Guest, path = "/data"): Descriptor {
  const found = guest.directories.get(path);
  if (found === undefined) throw new Error(`nothing is preopened at ${path}, but ${[...guest.directories.keys()].join(", ")}`);
  return found;
}

export async function writeFile(base: Descriptor, path: string, content: string): Promise<void> {
  const file = await base.openAt(FOLLOW, path, { create: true, truncate: true }, WRITE);
  await file.write(new TextEncoder().encode(content), 0n);
  drop(file);
}

export async function readFile(base: Descriptor, path: string): Promise<string> {
  const file = await base.openAt(FOLLOW, path, NONE, READ);
  const [bytes] = (await file.read(1_000_000n, 0n)) as readonly [Uint8Array, boolean];
  drop(file);
  return new TextDecoder().decode(bytes);
}

/** The answer of what a descriptor knows by itself: a wrapped one answers even that later. */
export function settled<Value>(value: Value): Promise<Value> {
  return Promise.resolve(value);
}
