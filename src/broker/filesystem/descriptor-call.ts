import { quotedText } from "../../bytes/quoted-text.js";
import { includesCapability } from "../../capability/include-capability.js";
import type { BrokerContext } from "../broker.js";
import { InterfaceError } from "../call-errors.js";
import type { DescriptorHandle } from "./descriptor-handle.js";
import { type DirectoryBackend, directoryErrorCode, type DirectoryPath, type EntryStat } from "./directory-backend.js";
import { textOf } from "./guest-values.js";
import { PATH_BYTES, resolvePath } from "./resolve-path.js";

export type Access = "ro" | "rw";

/** What the calls of one instance share. */
export interface FilesystemContext {
  readonly broker: BrokerContext;
  /** Tells the app that a backend broke its contract. */
  readonly report: (preopenPath: string, method: string, error: unknown) => void;
  /** Preopens whose directory was made, if it had to be. */
  readonly prepared: Set<DescriptorHandle["preopen"]>;
}

/** Something that a guest's path stands for. */
export interface Target {
  readonly path: DirectoryPath;
  /** It can only be a directory, by the way it was written. */
  readonly isDirectory: boolean;
}

/** One call of one method of a descriptor: the way to its backend, past every check. */
export class DescriptorCall {
  readonly descriptor: DescriptorHandle;
  readonly #context: FilesystemContext;
  readonly #method: string;
  readonly #signal: AbortSignal;

  constructor(context: FilesystemContext, descriptor: DescriptorHandle, method: string, signal: AbortSignal) {
    this.#context = context;
    this.descriptor = descriptor;
    this.#method = method;
    this.#signal = signal;
  }

  /** The same method's call as it concerns another descriptor. */
  beside(descriptor: DescriptorHandle): DescriptorCall {
    return new DescriptorCall(this.#context, descriptor, this.#method, this.#signal);
  }

  isGranted(access: Access): boolean {
    const { path, access: given } = this.descriptor.preopen;
    if (access === "rw" && given === "ro") return false;
    return this.#context.broker.grants().some((granted) => includesCapability(granted, { kind: "fs", access, path }));
  }

  /**
   * @param path - what the guest asked for, for the audit.
   * @throws {InterfaceError} `read-only` if only reading is granted, `not-permitted` if nothing is any more.
   */
  permit(access: Access, path?: unknown): void {
    if (this.isGranted(access)) return;
    throw this.#denied(access === "rw" && this.isGranted("ro") ? "read-only" : "not-permitted", path);
  }

  /**
   * What `value` stands for below this descriptor.
   *
   * @throws {InterfaceError} `not-permitted` for every way out of the descriptor's directory.
   */
  async resolve(value: unknown): Promise<Target> {
    const text = textOf(value);
    const { kind, path } = this.descriptor;
    if (kind !== "directory") throw new InterfaceError("not-directory");
    const resolved = resolvePath(text);
    if (resolved === "not-permitted") throw this.#denied(resolved, text);
    if (typeof resolved === "string") throw new InterfaceError(resolved);
    for (const crossed of resolved.crossed) {
      if ((await this.stat([...path, ...crossed])).kind !== "directory") throw new InterfaceError("not-directory");
    }
    const whole = [...path, ...resolved.segments];
    // Through descriptors of descriptors a path could grow without end, and with it what each step costs.
    if (whole.reduce((sum, name) => sum + name.length + 1, 0) > PATH_BYTES) throw new InterfaceError("name-too-long");
    return { path: whole, isDirectory: resolved.isDirectory };
  }

  isItself({ path }: Target): boolean {
    return path.length === this.descriptor.path.length;
  }

  stat(path: DirectoryPath = this.descriptor.path): Promise<EntryStat> {
    return this.ask(async (backend) => {
      const answer = await backend.stat(path);
      if ((answer.kind !== "file" && answer.kind !== "directory") || !Number.isSafeInteger(answer.size) || answer.size < 0) {
        throw new TypeError("stat answered something that is no EntryStat");
      }
      return answer;
    });
  }

  /**
   * Asks the backend. A failure that is none of its contract is reported to the app, and is `io` to the guest.
   *
   * @throws {InterfaceError}
   */
  async ask<Value>(work: (backend: DirectoryBackend) => Promise<Value>): Promise<Value> {
    const { backend } = this.descriptor.preopen;
    try {
      return await this.#untilAborted(async () => {
        await this.#prepare(backend);
        return work(backend);
      });
    } catch (error) {
      if (error instanceof InterfaceError) throw error;
      const code = directoryErrorCode(error);
      if (code === undefined) this.#context.report(this.descriptor.preopen.path, this.#method, error);
      throw new InterfaceError(code ?? "io");
    }
  }

  /** A part of an offered directory that a plugin may write to is made when it is first used. */
  async #prepare(backend: DirectoryBackend): Promise<void> {
    const { prepared } = this.#context;
    const { preopen } = this.descriptor;
    if (prepared.has(preopen) || !this.isGranted("rw")) return;
    prepared.add(preopen);
    for (let depth = 1; depth <= preopen.base.length; depth += 1) {
      try {
        await backend.createDirectory(preopen.base.slice(0, depth));
      } catch (error) {
        // What else may be wrong, the operation itself meets too.
        if (directoryErrorCode(error) !== "exist") return;
      }
    }
  }

  /** A backend that never answers must not hold the guest beyond its time. */
  async #untilAborted<Value>(work: () => Promise<Value>): Promise<Value> {
    const signal = this.#signal;
    if (signal.aborted) throw new InterfaceError("interrupted");
    let abort: () => void = () => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      abort = () => reject(new InterfaceError("interrupted"));
      signal.addEventListener("abort", abort, { once: true });
    });
    try {
      return await Promise.race([work(), aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #denied(code: "read-only" | "not-permitted", path: unknown): InterfaceError {
    const place = typeof path === "string" ? `${quotedText(path)} in ${quotedText(this.descriptor.guestPath)}` : quotedText(this.descriptor.guestPath);
    this.#context.broker.deny({ capability: "fs", function: `wasi:filesystem/types#[method]descriptor.${this.#method}`, summary: `${this.#method} ${place}: ${code}` });
    return new InterfaceError(code);
  }
}
