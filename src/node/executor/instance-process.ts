import type { GuestEvent } from "../../rpc/messages.js";
import { signal } from "./end-processes.js";
import type { InstanceEnd } from "./executor.js";
import type { ExecutorLog } from "./executor-log.js";
import { exitWords } from "./exit-words.js";
import { GuestOutput, type OutputStream } from "./guest-output.js";
import { ProcessChannel } from "./process-channel.js";
import { identityOf } from "./process-identity.js";
import type { ProcessFrame } from "./process-frames.js";
import { FRAME_OVERHEAD_BYTES, type ProcessLimits } from "./process-limits.js";
import type { ProcessSandbox } from "./process-sandbox.js";
import type { ProcessWatch, WatchedProcess } from "./process-watch.js";
import type { ExitStatus, SpawnedProcess } from "./spawn-instance.js";

/** Who a process works for, from the moment on that it is given a plugin. */
export interface ProcessUser {
  readonly isStarted: boolean;
  /** At most those that the process was started with. */
  readonly limits: ProcessLimits;
  isGranted(stream: OutputStream): boolean;
  onFrame(frame: ProcessFrame): void;
  onEvent(event: GuestEvent): void;
  /** It ended by itself, or for breaking a bound. Once, and not after {@link InstanceProcess.end}. */
  onEnded(end: InstanceEnd): void;
}

/** What a process is made in. */
export interface ProcessContext {
  readonly pluginId: string;
  /** The most that any user of it may have. */
  readonly limits: ProcessLimits;
  /** What its runtime needs of memory, in bytes. */
  readonly baseBytes: number;
  readonly watch: ProcessWatch;
  readonly log: ExecutorLog;
  /** It is over. `isClean`: nothing of it is left. */
  readonly onGone: (process: InstanceProcess, isClean: boolean) => void;
}

/** How long a process that closed its channel may take to end, or one that ended to have its last words read. */
const GRACE_MILLISECONDS = 1_000;
const EXIT_MILLISECONDS = 5_000;

/** One process of an instance, from its start until nothing of it is left. It waits for a user, or works for one. */
export class InstanceProcess implements WatchedProcess {
  readonly sandbox: ProcessSandbox;
  readonly #context: ProcessContext;
  readonly #spawned: SpawnedProcess;
  readonly #channel: ProcessChannel;
  readonly #output: GuestOutput;
  #user: ProcessUser | undefined;
  #exit: ExitStatus | undefined;
  #isClosed = false;
  #grace: NodeJS.Timeout | undefined;
  #ended: InstanceEnd | "wanted" | undefined;
  #gone: Promise<void> | undefined;

  constructor(spawned: SpawnedProcess, sandbox: ProcessSandbox, context: ProcessContext) {
    this.#spawned = spawned;
    this.#context = context;
    this.sandbox = sandbox;
    this.#channel = new ProcessChannel(spawned.channel, context.limits.messageBytes + FRAME_OVERHEAD_BYTES, {
      onFrame: (frame) => this.#receive(frame),
      onBroken: (problem) => this.violate(`sent ${problem}`),
      onClosed: () => this.#over({ closed: true }),
    });
    this.#output = new GuestOutput(spawned, {
      logBytes: context.limits.logBytes,
      isGranted: (stream) => this.#user?.isGranted(stream) ?? false,
      onEvent: (event) => this.#user?.onEvent(event),
      onUngranted: (stream, text) => context.log.info("output", { plugin: context.pluginId, stream, text }),
    });
    spawned.exited.then((status) => this.#over({ exit: status })).catch(() => {});
    context.watch.add(this);
  }

  /** Gives it to a user, for the rest of its life. */
  use(user: ProcessUser): void {
    this.#user = user;
    this.#output.bound(user.limits.logBytes);
  }

  get limits(): ProcessLimits {
    return this.#user?.limits ?? this.#context.limits;
  }

  get memoryBytes(): number {
    return this.#context.baseBytes + this.limits.memoryBytes;
  }

  get isStarted(): boolean {
    return this.#user?.isStarted ?? false;
  }

  /** Why it ended; `undefined` while it runs. */
  get ended(): InstanceEnd | "wanted" | undefined {
    return this.#ended;
  }

  /** Whether it runs, as the system knows it: also before this process was told that it ended. */
  get isRunning(): boolean {
    return this.#ended === undefined && this.#exit === undefined && identityOf(this.#spawned.pid) !== undefined;
  }

  send(kind: number, id: number, ...parts: readonly Uint8Array[]): void {
    this.#channel.send(kind, id, ...parts);
  }

  pause(): void {
    this.#channel.pause();
    this.#output.pause();
  }

  resume(): void {
    this.#channel.resume();
    this.#output.resume();
  }

  /** Ends it because it broke the protocol: whatever is in it now is no runner of ours. */
  violate(what: string): void {
    this.fail({ code: "sandbox-violation", stage: this.isStarted ? "call" : "instantiate", message: `its process ${what}` });
  }

  fail(end: InstanceEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    this.#tearDown();
    this.#user?.onEnded(end);
  }

  /** Ends it, and everything that it started. Resolves when nothing of it is left. */
  async end(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = "wanted";
      this.#tearDown();
    }
    await this.gone;
  }

  /** Resolves when nothing of it is left. Only of one that has ended. */
  get gone(): Promise<void> {
    return this.#gone ?? Promise.resolve();
  }

  #receive(frame: ProcessFrame): void {
    if (this.#user === undefined) this.violate(`sent a frame of kind ${frame.kind} before it was given anything`);
    else this.#user.onFrame(frame);
  }

  /** It ended, or closed its channel. The one without the other is waited for: what it sent last may still be on its way. */
  #over({ exit, closed = false }: { readonly exit?: ExitStatus; readonly closed?: boolean }): void {
    if (exit !== undefined) this.#exit = exit;
    if (closed) this.#isClosed = true;
    if (this.#ended !== undefined) return;
    if (this.#exit !== undefined && this.#isClosed) this.#conclude();
    else this.#grace ??= setTimeout(() => this.#conclude(), GRACE_MILLISECONDS);
  }

  #conclude(): void {
    if (this.#exit === undefined) this.violate("closed its channel and went on");
    else this.fail(exitWords(this.#exit, { errorOutput: this.#output.lastErrors, limits: this.limits, isStarted: this.isStarted }));
  }

  #tearDown(): void {
    clearTimeout(this.#grace);
    this.#context.watch.remove(this);
    // Its whole group at once. With bubblewrap the rest follows, since its first process dies with this one.
    this.sandbox.remember();
    if (this.#exit === undefined) signal(-this.#spawned.pid, "SIGKILL");
    this.#channel.close();
    this.#output.close();
    this.#gone = this.#leave();
  }

  async #leave(): Promise<void> {
    const { log, pluginId, onGone } = this.#context;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, EXIT_MILLISECONDS);
    });
    await Promise.race([this.#spawned.exited, patience]);
    clearTimeout(timer);
    let isClean = false;
    try {
      const left = await this.sandbox.close();
      isClean = left.length === 0;
      if (!isClean) log.error("processes-left", { plugin: pluginId, processes: left.join(" ") });
    } catch (error) {
      log.error("sandbox-not-removed", { plugin: pluginId, reason: String(error) });
    }
    onGone(this, isClean);
  }
}
