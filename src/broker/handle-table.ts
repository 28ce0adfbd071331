import { describeValue } from "../component/describe-value.js";
import { InterfaceError, MalformedCall } from "./call-errors.js";

/** Something that lives on the page for an instance: an open file, a response, a stream. The worker has its number. */
export interface HostHandle {
  /** Frees it. Called once: when the guest drops it, or when the instance ends. */
  dispose?(): void;
  /** Settles when it is worth asking again; `undefined` if it is ready now. Never rejects. Left out: always ready. */
  ready?(): Promise<void> | undefined;
}

// A guest that opens without closing must not fill the page's memory. Language runtimes keep well below.
const MOST_HANDLES = 4_096;

const GONE: HostHandle = { ready: () => undefined };

/** The handles of one instance. Numbers are never used again, so that a stale one cannot mean something new. */
export class HandleTable {
  readonly #handles = new Map<number, HostHandle>();
  #next = 1;
  #hasEnded = false;

  /**
   * One that does not fit is freed at once, and so is one that comes after the instance's end: the app's late answer.
   *
   * @param full - the interface's own error for "too many".
   * @throws {InterfaceError} with `full`.
   */
  add(handle: HostHandle, full: unknown): number {
    if (this.#isFull()) {
      handle.dispose?.();
      throw new InterfaceError(full);
    }
    const id = this.#next;
    this.#next += 1;
    this.#handles.set(id, handle);
    return id;
  }

  /**
   * Adds one under a number that the page has given it: see `FIRST_LENT_NUMBER`. One that does not fit is left alone.
   *
   * @throws {InterfaceError} if it does not fit.
   */
  put(id: number, handle: HostHandle): void {
    if (this.#isFull()) throw new InterfaceError(undefined);
    this.#handles.set(id, handle);
  }

  find(id: number): HostHandle | undefined {
    return this.#handles.get(id);
  }

  /** @throws {MalformedCall} for a number that stands for nothing, or for something of another kind. */
  get<Handle extends HostHandle>(id: unknown, kind: abstract new (...values: never[]) => Handle): Handle {
    const handle = typeof id === "number" ? this.#handles.get(id) : undefined;
    if (handle instanceof kind) return handle;
    throw new MalformedCall(`${describeValue(id)} is no ${kind.name} of this instance`);
  }

  /**
   * What `id` stands for, to be waited for. One that is gone is ready: a guest may drop what a pollable of its is about, and
   * whatever it asks next tells it so (StarlingMonkey does that after a refused request).
   *
   * @throws {MalformedCall} for a number that never stood for anything.
   */
  waitable(id: unknown): HostHandle {
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1 || id >= this.#next) throw new MalformedCall(`${describeValue(id)} is no handle of this instance`);
    return this.#handles.get(id) ?? GONE;
  }

  /** Frees one. One that is gone already is left alone: a guest may drop what its instance lost. */
  drop(id: unknown): void {
    if (typeof id !== "number") throw new MalformedCall("a handle to drop is no number");
    const handle = this.#handles.get(id);
    this.#handles.delete(id);
    handle?.dispose?.();
  }

  /** Forgets one without freeing it: it belongs to someone else now. */
  release(id: number): void {
    this.#handles.delete(id);
  }

  #isFull(): boolean {
    return this.#hasEnded || this.#handles.size >= MOST_HANDLES;
  }

  /** The instance has ended: frees all, and whatever comes yet. */
  disposeAll(): void {
    this.#hasEnded = true;
    const handles = [...this.#handles.values()];
    this.#handles.clear();
    for (const handle of handles) handle.dispose?.();
  }
}
