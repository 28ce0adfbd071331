/**
 * What guests do with their imports, for both ways of reaching the page: `await` takes an answer that is there and one that
 * is promised. Each scenario also says which of the two it got.
 */
import type { GuestAuthority, GuestEvent, HostCallRequest, HostCallTransport, Outcome } from "../../../src/rpc/messages.js";
import { createChannelFactory } from "../../../src/runtime/worker/realm/host-calls.js";
import { type GuestContext, ImportError } from "../../../src/wasi/guest-context.js";
import { ErrorResource, hostInputStream, type InputStream, OutputStream } from "../../../src/wasi/io.js";
import { Pollable, pollImplementations } from "../../../src/wasi/poll.js";

export interface ScenarioRequest {
  readonly scenario: string;
  readonly transport: HostCallTransport;
  readonly grants: GuestAuthority["grants"];
  readonly handles: readonly number[];
}

export interface ScenarioResult {
  readonly value: unknown;
  /** Whether anything was answered by a promise, and whether anything was answered at once. */
  readonly promised: boolean;
  readonly immediate: boolean;
  readonly fatal: Outcome | undefined;
}

type Guest = GuestContext & { readonly seen: { promised: boolean; immediate: boolean } };
type Scenario = (guest: Guest, handles: readonly number[]) => Promise<unknown>;

/** Waits for an answer, noting how it came. */
function waited<Value>(guest: Guest, answer: Value): Promise<Awaited<Value>> {
  if (answer instanceof Promise) guest.seen.promised = true;
  else guest.seen.immediate = true;
  return Promise.resolve(answer);
}

/** What a call's error result is, as plain data; anything else that is thrown goes on. */
async function error(work: () => unknown): Promise<unknown> {
  try {
    return { "it answered": await work() };
  } catch (thrown) {
    if (!(thrown instanceof ImportError)) throw thrown;
    const payload = thrown.payload as { readonly tag: string; readonly val?: unknown };
    return payload.val instanceof ErrorResource ? { tag: payload.tag, reason: payload.val.toDebugString() } : payload;
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

function poll(guest: Guest, pollables: readonly Pollable[]): unknown {
  const [[, implementation] = []] = pollImplementations(guest);
  const found = implementation?.functions.get("poll") as ((pollables: readonly Pollable[]) => unknown) | undefined;
  return found?.(pollables);
}

async function polled(guest: Guest, pollables: readonly Pollable[]): Promise<number[]> {
  return [...((await waited(guest, poll(guest, pollables))) as Uint32Array)];
}

function openStream(guest: Guest, handle: number | undefined, isOwned = false): InputStream {
  if (handle === undefined) throw new Error("a scenario without a stream");
  return hostInputStream(guest, handle, isOwned);
}

/** An output stream that keeps what is written. */
function sink(guest: Guest): { readonly stream: OutputStream; readonly written: string[] } {
  const written: string[] = [];
  return { written, stream: new OutputStream(guest, { write: (piece) => void written.push(text(piece)) }) };
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  async "read all"(guest, [handle]) {
    const stream = openStream(guest, handle);
    const pieces: string[] = [];
    for (;;) {
      const answer = await error(async () => text((await waited(guest, stream.blockingRead(4n)))));
      const piece = (answer as { readonly "it answered"?: string })["it answered"];
      if (piece === undefined) return { pieces, end: answer };
      pieces.push(piece);
    }
  },
  async "a read of nothing asks nobody"(guest) {
    // The handle is nobody's: a host call with it would end the instance.
    const stream = openStream(guest, 4_711);
    return [(await waited(guest, stream.read(0n))).length, (await waited(guest, stream.blockingRead(0n))).length, await waited(guest, stream.skip(0n))];
  },
  async "skip, then read"(guest, [handle]) {
    const stream = openStream(guest, handle);
    const skipped = await waited(guest, stream.blockingSkip(3n));
    return [skipped, text((await waited(guest, stream.blockingRead(2n)))), await waited(guest, stream.skip(100n))];
  },
  async "read more than there can be"(guest, [handle]) {
    return (await waited(guest, openStream(guest, handle).blockingRead(2n ** 64n - 1n))).length;
  },
  async "a failing stream"(guest, [handle]) {
    const stream = openStream(guest, handle);
    return [await error(() => stream.blockingRead(1n)), await error(() => stream.read(1n))];
  },
  async splice(guest, [handle]) {
    const source = openStream(guest, handle);
    const { stream, written } = sink(guest);
    const counts = [await waited(guest, stream.blockingSplice(source, 5n)), await waited(guest, stream.splice(source, 2n))];
    await stream.blockingSplice(source, 100n);
    return { counts, written, end: await error(() => stream.blockingSplice(source, 1n)) };
  },
  async write(guest) {
    const { stream, written } = sink(guest);
    await stream.write(bytes("a"));
    await stream.blockingWriteAndFlush(bytes("b"));
    await stream.writeZeroes(2n);
    await stream.blockingWriteZeroesAndFlush(1n);
    await stream.blockingFlush();
    return { written, permitted: stream.checkWrite() };
  },
  async "more zeroes than permitted"(guest) {
    const { stream, written } = sink(guest);
    const trap = await Promise.resolve().then(() => stream.writeZeroes(stream.checkWrite() + 1n)).then(() => undefined, (thrown: unknown) => thrown);
    return { isTrap: trap instanceof WebAssembly.RuntimeError, written };
  },
  async "a dropped stream"(guest, [handle]) {
    const stream = openStream(guest, handle, true);
    stream[Symbol.dispose ?? Symbol.for("dispose")]();
    // The page ends the instance for the handle that is gone: no answer comes.
    return stream.blockingRead(1n);
  },
  async "standard input closed and opened again"(guest, [handle]) {
    const first = openStream(guest, handle);
    const start = text((await waited(guest, first.blockingRead(2n))));
    first[Symbol.dispose ?? Symbol.for("dispose")]();
    return [start, text((await waited(guest, openStream(guest, handle).blockingRead(2n))))];
  },
  async "wait for times"(guest) {
    const now = performance.now();
    const first = await polled(guest, [Pollable.at(guest, now + 60_000), Pollable.at(guest, now + 20), Pollable.at(guest, now + 20)]);
    return { first, waited: performance.now() >= now + 20, ready: [Pollable.at(guest, now).ready(), Pollable.at(guest, now + 60_000).ready(), Pollable.now(guest).ready()] };
  },
  async "wait for times and streams"(guest, [slow, quick]) {
    const [one, two] = [openStream(guest, slow), openStream(guest, quick)];
    const never = Pollable.at(guest, performance.now() + 60_000);
    return {
      stream: await polled(guest, [never, one.subscribe(), two.subscribe()]),
      clock: await polled(guest, [one.subscribe(), Pollable.at(guest, performance.now() + 5)]),
      both: await polled(guest, [Pollable.now(guest), one.subscribe(), two.subscribe(), Pollable.now(guest)]),
      ready: [await waited(guest, one.subscribe().ready()), await waited(guest, two.subscribe().ready())],
      block: await waited(guest, two.subscribe().block()),
    };
  },
  async "poll of an empty list"(guest) {
    const trap = await Promise.resolve().then(() => poll(guest, [])).then(() => undefined, (thrown: unknown) => thrown);
    return trap instanceof WebAssembly.RuntimeError;
  },
};

export async function runScenario(scenarios: Readonly<Record<string, Scenario>>, request: ScenarioRequest, post: (message: { readonly hostCall: HostCallRequest }) => void, listen: (receive: (message: unknown) => void) => void): Promise<ScenarioResult> {
  let fatal: Outcome | undefined;
  const end = (reason: Outcome): WebAssembly.RuntimeError => {
    fatal ??= reason;
    return new WebAssembly.RuntimeError("ended");
  };
  const factory = createChannelFactory();
  listen((message) => factory.receive(message));
  const events: GuestEvent[] = [];
  const guest: Guest = {
    authority: { grants: request.grants, environment: [], arguments: [], config: [], directories: [], hostInterfaces: [], standardInput: request.handles[0], clockResolutionMilliseconds: 0 },
    grants: new Set(request.grants),
    emit: (event) => void events.push(event),
    channel: factory.create(request.transport, { post, end }),
    get fatal() {
      return fatal;
    },
    end,
    seen: { promised: false, immediate: false },
  };
  const scenario = scenarios[request.scenario];
  if (scenario === undefined) throw new Error(`no scenario ${request.scenario}`);
  const value = await scenario(guest, request.handles);
  return { value, ...guest.seen, fatal };
}

export type { Guest, Scenario };
export { error, waited };
