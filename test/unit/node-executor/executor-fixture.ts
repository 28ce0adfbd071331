/** Executors with real processes, whose runner does what the test says instead of loading a plugin. */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect } from "vitest";
import type { ExecutorHostAnswer, ExecutorInstance, ExecutorOutcome, InstanceEnd, InstanceListeners, InstanceOrder } from "../../../src/node/executor/executor.js";
import { findBubblewrap } from "../../../src/node/executor/bubblewrap.js";
import type { LogFields } from "../../../src/node/executor/executor-log.js";
import { createLocalExecutor, type LocalExecutor, type LocalExecutorOptions } from "../../../src/node/executor/local-executor.js";
import type { PluginCatalogue, RunnablePlugin } from "../../../src/node/executor/plugin-catalogue.js";
import { DEFAULT_PROCESS_LIMITS, type ProcessLimits } from "../../../src/node/executor/process-limits.js";
import { identityText, ownIdentity } from "../../../src/node/executor/process-identity.js";
import type { GuestEvent } from "../../../src/rpc/messages.js";
import { ATTACK, catalogueOf, makePlugin } from "./plugin-fixture.js";

export const HOSTILE_RUNNER = join(dirname(fileURLToPath(import.meta.url)), "hostile-runner.py");
export const PYTHON = "/usr/bin/python3";

export const isRoot = process.geteuid?.() === 0;
const bubblewrap = await findBubblewrap(undefined, tmpdir());

/** What can stand between an instance and the system, and whether it can be tried here. */
export interface Mode {
  readonly name: string;
  readonly options: Pick<LocalExecutorOptions, "isolation" | "users">;
  readonly unavailable: string | undefined;
}

const needsBubblewrap = typeof bubblewrap === "string" ? bubblewrap : undefined;
const needsRoot = isRoot ? undefined : "only root can start a process as another user";

export const BUBBLEWRAP: Mode = { name: "bubblewrap", options: { isolation: "required" }, unavailable: needsBubblewrap };
export const SHARED_BUBBLEWRAP: Mode = { name: "bubblewrap, as this user", options: { isolation: "required", users: "own" }, unavailable: needsBubblewrap };
export const USERS: Mode = { name: "users of their own", options: { isolation: "none" }, unavailable: needsRoot };
export const SHARED: Mode = { name: "this user", options: { isolation: "none", users: "own" }, unavailable: undefined };
export const MODES: readonly Mode[] = [BUBBLEWRAP, SHARED_BUBBLEWRAP, USERS, SHARED];

export interface LogEntry {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

export interface TestExecutor {
  readonly executor: LocalExecutor;
  readonly plugin: RunnablePlugin;
  readonly log: LogEntry[];
  start(changes?: Partial<InstanceOrder>, signal?: AbortSignal): Promise<TestInstance>;
}

export interface TestExecutorOptions extends Omit<LocalExecutorOptions, "catalogue" | "limits"> {
  readonly mode?: Mode;
  readonly plugin?: RunnablePlugin;
  readonly catalogue?: PluginCatalogue;
  readonly limits?: Partial<ProcessLimits>;
}

const MEBIBYTE = 1024 * 1024;
const opened = new Set<LocalExecutor>();
let folder = "";

/** An executor that keeps nothing ready unless it is told to, and whose logs and folder the test can look at. */
export async function openExecutor({ mode = BUBBLEWRAP, plugin: given, limits = {}, catalogue, ...options }: TestExecutorOptions = {}): Promise<TestExecutor> {
  const plugin = given ?? await makePlugin();
  const log: LogEntry[] = [];
  const write = (level: string) => (event: string, fields: LogFields = {}) => void log.push({ level, event, fields });
  const executor = createLocalExecutor({
    catalogue: catalogue ?? catalogueOf(plugin),
    ...mode.options,
    limits: { memoryBytes: 64 * MEBIBYTE, messageBytes: 8 * MEBIBYTE, ...limits },
    runtimes: { python: PYTHON, pythonRunner: HOSTILE_RUNNER, nativeHost: HOSTILE_RUNNER },
    warm: { perPlugin: 0 },
    folder: executorFolder(),
    log: { info: write("info"), warn: write("warn"), error: write("error") },
    ...options,
  });
  opened.add(executor);
  const start = async (changes: Partial<InstanceOrder> = {}, signal = new AbortController().signal): Promise<TestInstance> => {
    const instance = new TestInstance();
    await instance.begin((listeners) => executor.start(orderFor(plugin, changes), listeners, signal));
    return instance;
  };
  return { executor, plugin, log, start };
}

/** A folder that every user can pass through, as that for temporary files is. */
export function executorFolder(): string {
  if (folder !== "") return folder;
  folder = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  chmodSync(folder, 0o711);
  return folder;
}

export function orderFor({ manifest, manifestSha256 }: RunnablePlugin, changes: Partial<InstanceOrder> = {}): InstanceOrder {
  const { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes } = DEFAULT_PROCESS_LIMITS;
  return {
    id: manifest.id, version: manifest.version, manifestSha256,
    grants: manifest.capabilities.map(({ capability }) => capability), config: undefined,
    limits: { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes },
    ...changes,
  };
}

/** The limits of an order, with changes. */
export function orderLimits(changes: Partial<InstanceOrder["limits"]>): Pick<InstanceOrder, "limits"> {
  const { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes } = DEFAULT_PROCESS_LIMITS;
  return { limits: { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes, ...changes } };
}

/** One instance, and everything that was heard of it. */
export class TestInstance {
  readonly events: GuestEvent[] = [];
  readonly hostCalls: { readonly id: number; readonly target: string; readonly args: Uint8Array }[] = [];
  readonly ends: InstanceEnd[] = [];
  readonly ended: Promise<InstanceEnd>;
  onHostCall: ((id: number, target: string, args: Uint8Array) => void) | undefined;
  #instance: ExecutorInstance | undefined;
  #resolveEnded: (end: InstanceEnd) => void = () => {};

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  async begin(start: (listeners: InstanceListeners) => Promise<ExecutorInstance>): Promise<void> {
    this.#instance = await start({
      onEvent: (event) => this.events.push(event),
      onHostCall: (id, target, args) => {
        this.hostCalls.push({ id, target, args });
        this.onHostCall?.(id, target, args);
      },
      onEnded: (end) => {
        this.ends.push(end);
        this.#resolveEnded(end);
      },
    });
  }

  get executor(): ExecutorInstance {
    if (this.#instance === undefined) throw new Error("it was not started");
    return this.#instance;
  }

  /** Has the runner do something, and gives the text of its answer. */
  async run(what: string, milliseconds = 30_000): Promise<string> {
    return answerText(await this.call(what, milliseconds));
  }

  async call(what: string, milliseconds = 30_000): Promise<ExecutorOutcome> {
    return this.executor.call(`${ATTACK}#run`, textValue(what), milliseconds);
  }

  async runJson<T>(what: string): Promise<T> {
    return JSON.parse(await this.run(what)) as T;
  }

  async drop(resource: number): Promise<ExecutorOutcome> {
    return this.executor.drop(resource);
  }

  answer(id: number, answer: ExecutorHostAnswer): void {
    this.executor.answer(id, answer);
  }

  async end(): Promise<void> {
    await this.executor.end();
  }

  /** What was written to a granted stream. */
  output(stream: "stdout" | "stderr"): string {
    return this.events.flatMap((event) => (event.kind === "output" && event.stream === stream ? [event.text] : [])).join("");
  }
}

/** Bincode of one text. */
export function textValue(text: string): Uint8Array {
  const content = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + content.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(content.length), true);
  bytes.set(content, 8);
  return bytes;
}

export function answerText(outcome: ExecutorOutcome): string {
  if (!("bytes" in outcome)) throw new Error(`${outcome.kind}: ${outcome.message}`);
  return new TextDecoder().decode(outcome.bytes.subarray(8));
}

/** Processes that any executor of this process started and that still are there. */
export function remainingProcesses(): readonly string[] {
  const owner = identityText(ownIdentity());
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      if (/^State:\s+[ZX]/m.test(status)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      // The runner leaves the mark in the command of those whose environment it empties.
      const isMarked = command.includes(`# ${owner}.`) || readFileSync(`/proc/${pid}/environ`, "latin1").includes(`PORTCULLIS_INSTANCE=${owner}.`);
      const isForeign = claimedUsers.has(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]));
      return isMarked || isForeign ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}

/** Users that instances of this test said they run as. */
export const claimedUsers = new Set<number>();

export const openDescriptors = (): number => readdirSync("/proc/self/fd").length;

export const uniqueName = (): string => randomUUID();

/** The code of the error that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<{ readonly code: string; readonly message: string; readonly stage: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error && "code" in error && "stage" in error) return { code: String(error.code), stage: String(error.stage), message: error.message };
    throw error;
  }
  throw new Error("it was not rejected");
}

// Whatever a test did, nothing of it may be left: no process, no file, no descriptor beyond those of the first use of things.
afterEach(async () => {
  for (const executor of opened) await executor.close();
  opened.clear();
  expect(remainingProcesses()).toEqual([]);
  claimedUsers.clear();
  if (folder === "") return;
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
  folder = "";
});
