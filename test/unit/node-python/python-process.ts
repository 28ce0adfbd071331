import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import { decodeTarget, encodeFrame, encodeTarget, FrameProblem, FrameReader, ORDER, type ProcessFrame, REPORT, type StartMessage } from "../../../src/node/executor/process-frames.js";
import type { BridgeItemType } from "../../../src/package/bridge-item.js";
import type { BridgeFunction } from "../../../src/runtime/bridge/bridge-functions.js";

export const INTERFACE = "acme:sample/plugin@1.0.0";
export const HASH = "df233d1a5936eb5c";
export const PLUGIN_ERROR: BincodeType = {
  kind: "record",
  fields: [{ name: "code", type: "string" }, { name: "message", type: "string" }, { name: "details", type: { kind: "option", value: "string" } }],
};
export const RUNNER = fileURLToPath(new URL("../../../src/node/python/runner.py", import.meta.url));
/** Without the flags that executors add (-I, -B), so that what the runner does itself is seen. */
const PYTHON = ["python3", RUNNER];
const MESSAGE_BYTES = 8 * 1024 * 1024;
const VERSION = spawnSync("python3", ["-c", "import sys; print(sys.version_info >= (3, 9))"], { encoding: "utf8" });

export function describePython(name: string, body: () => void): void {
  if (VERSION.stdout?.trim() === "True") describe(name, body);
  else describe.skip(`${name} (not run: they need python3, 3.9 or newer, which is not here)`, body);
}

/** One function of the plugin, or of the app. */
export interface FunctionShape {
  readonly name: string;
  readonly parameters?: readonly BincodeType[];
  readonly ok?: BincodeType;
  readonly err?: BincodeType | null;
  readonly raw?: boolean;
  readonly takesStream?: boolean;
  readonly item?: BridgeItemType;
  readonly produces?: string;
  readonly optionalBit?: number;
  /** It is no method of the plugin, but a resource's, or fidius's. */
  readonly isOther?: boolean;
}

export interface PluginShape {
  /** Text of `sample.py`. */
  readonly source: string;
  /** More files. */
  readonly files?: Readonly<Record<string, string>>;
  readonly functions: readonly FunctionShape[];
  readonly imports?: readonly BridgeFunction[];
  readonly changes?: Partial<StartMessage>;
  /** What starts the process, other than Python itself. */
  readonly command?: readonly string[];
  /** Answers the plugin's calls of the app: outcome and bytes. */
  readonly onHostCall?: (target: string, args: Uint8Array) => readonly [kind: number, bytes: Uint8Array];
}

export type Outcome = { readonly kind: "ok" | "err"; readonly value: unknown; readonly bytes: Uint8Array } | { readonly kind: "trap" | "resource-invalid" | "host-failed"; readonly message: string } | { readonly kind: "ended" };

export function bridgeFunction({ name, parameters = [], ok, err }: FunctionShape, interfaceName = INTERFACE): BridgeFunction {
  return { target: `${interfaceName}#${name}`, arguments: { kind: "tuple", items: parameters }, ok: ok ?? null, err: err ?? null, fallible: err !== undefined };
}

/** A process with the runner in it: what an executor starts, without any limit. */
export class PythonProcess {
  readonly child: ChildProcess;
  /** What the plugin wrote to its standard output and error. */
  log = "";
  /** Whether what came was no frame. */
  isBroken = false;
  readonly #shape: PluginShape;
  readonly #channel: Duplex;
  readonly #frames: ProcessFrame[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;
  #calls = 0;

  constructor(shape: PluginShape) {
    this.#shape = shape;
    const [program = "", ...rest] = shape.command ?? PYTHON;
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "" };
    this.child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe", "pipe"], cwd: tmpdir(), env });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    this.#channel = this.child.stdio[3] as Duplex;
    const reader = new FrameReader(MESSAGE_BYTES + 65_552);
    this.#channel.on("data", (chunk: Uint8Array) => this.#receive(reader, chunk)).on("error", () => undefined).on("close", () => this.#end());
  }

  /** The next frame; `undefined` once the process is gone. */
  async next(): Promise<ProcessFrame | undefined> {
    while (this.#frames.length === 0 && !this.#isEnded) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#frames.shift();
  }

  send(kind: number, id: number, ...parts: readonly Uint8Array[]): void {
    this.#channel.write(encodeFrame(kind, id, ...parts));
  }

  /** The executor's end is closed. */
  disconnect(): void {
    this.#channel.end();
  }

  async exited(): Promise<number | NodeJS.Signals | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
    return this.child.exitCode ?? this.child.signalCode;
  }

  /** Calls a function by its name with values, or with bytes that are meant to be its arguments. */
  async call(name: string, args: readonly unknown[] | Uint8Array = []): Promise<Outcome> {
    const shape = this.#shape.functions.find((candidate) => candidate.name === name);
    const bytes = args instanceof Uint8Array ? args : encodeBincode({ kind: "tuple", items: shape?.parameters ?? [] }, args);
    this.send(ORDER.call, (this.#calls += 1), encodeTarget(`${INTERFACE}#${name}`), bytes);
    return this.#outcome(shape);
  }

  async drop(resource: number): Promise<Outcome> {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, resource, true);
    this.send(ORDER.drop, (this.#calls += 1), bytes);
    return this.#outcome(undefined);
  }

  async #outcome(shape: FunctionShape | undefined): Promise<Outcome> {
    for (;;) {
      const frame = await this.next();
      if (frame === undefined) return { kind: "ended" };
      if (frame.kind === REPORT.hostCall) {
        const { target, rest } = decodeTarget(frame.payload) ?? { target: "", rest: new Uint8Array() };
        const [kind, bytes] = this.#shape.onHostCall?.(target, rest) ?? [2, toUtf8("nobody answers")];
        this.send(ORDER.hostAnswer, frame.id, Uint8Array.of(kind), bytes);
      } else if (frame.kind === REPORT.answer && frame.id === this.#calls) return readOutcome(shape, frame.payload);
      else throw new Error(`the process sent a frame of kind ${frame.kind} with id ${frame.id} where an answer must be`);
    }
  }

  #receive(reader: FrameReader, chunk: Uint8Array): void {
    try {
      this.#frames.push(...reader.push(chunk));
    } catch (error) {
      if (!(error instanceof FrameProblem)) throw error;
      this.isBroken = true;
      this.child.kill("SIGKILL");
    }
    this.#wake();
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake();
  }
}

function readOutcome(shape: FunctionShape | undefined, payload: Uint8Array): Outcome {
  const [code = -1, bytes] = [payload[0], Uint8Array.from(payload.subarray(1))];
  if (code > 1) return { kind: (["trap", "resource-invalid", "host-failed"] as const)[code - 2] ?? "trap", message: fromUtf8(bytes) ?? "malformed" };
  const [kind, type] = code === 0 ? (["ok", shape?.ok] as const) : (["err", shape?.err] as const);
  return { kind, value: decodeBincode(type ?? { kind: "tuple", items: [] }, bytes), bytes };
}

export interface StartedProcess {
  readonly plugin: PythonProcess;
  /** What it answered to the start; nothing if it ended instead. */
  readonly report: { readonly kind: number; readonly content: any } | undefined;
  readonly directory: string;
}

/** Starts a plugin. It is ended with the test, or when `onFinished` says. */
export async function startPlugin(shape: PluginShape, onFinished: (end: () => Promise<void>) => void = onTestFinished): Promise<StartedProcess> {
  const directory = await mkdtemp(join(tmpdir(), "python-plugin-"));
  for (const [path, text] of Object.entries({ "sample.py": `__interface_hash__ = 0x${HASH}\n${shape.source}`, ...shape.files })) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  const plugin = new PythonProcess(shape);
  onFinished(async () => {
    plugin.child.kill("SIGKILL");
    await plugin.exited();
    await rm(directory, { recursive: true });
  });
  plugin.send(ORDER.start, 0, toUtf8(JSON.stringify(startMessage(shape, directory))));
  const frame = await plugin.next();
  return { plugin, directory, report: frame && { kind: frame.kind, content: JSON.parse(fromUtf8(frame.payload) ?? "") } };
}

function startMessage({ functions, imports = [], changes }: PluginShape, directory: string): StartMessage {
  const methods = functions
    .filter(({ isOther }) => isOther !== true)
    .map(({ name, raw = false, takesStream = false, item, produces, optionalBit }) => ({
      function: name, raw, takesStream,
      ...(item === undefined ? {} : { item }), ...(produces === undefined ? {} : { produces }), ...(optionalBit === undefined ? {} : { optionalBit }),
    }));
  return {
    pluginId: "acme.sample", directory, entryModule: "sample", interfaceHash: HASH, interfaceName: INTERFACE, methods,
    exports: functions.map((shape) => bridgeFunction(shape)), imports, messageBytes: MESSAGE_BYTES, memoryBytes: 0, ...changes,
  };
}

/** Starts a plugin that must start. */
export async function startedPlugin(shape: PluginShape, onFinished?: (end: () => Promise<void>) => void): Promise<PythonProcess> {
  const { plugin, report } = await startPlugin(shape, onFinished);
  if (report?.kind !== REPORT.started) throw new Error(`it did not start: ${JSON.stringify(report)}\n${plugin.log}`);
  return plugin;
}

/** One plugin for all tests of a block. */
export function sharedPlugin(shape: PluginShape): () => PythonProcess {
  const ends: (() => Promise<void>)[] = [];
  let plugin: PythonProcess | undefined;
  beforeAll(async () => {
    plugin = await startedPlugin(shape, (end) => ends.push(end));
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });
  return () => plugin ?? unstarted();
}

function unstarted(): never {
  throw new Error("the plugin is started before the tests, and not yet");
}

/** Starts a plugin that must not start, and gives the reason. */
export async function refusedPlugin(shape: PluginShape): Promise<{ readonly code: string; readonly message: string; readonly log: string }> {
  const { plugin, report } = await startPlugin(shape);
  if (report?.kind !== REPORT.failed) throw new Error(`it was not refused: ${JSON.stringify(report)}\n${plugin.log}`);
  await plugin.exited();
  return { ...report.content, log: plugin.log };
}
