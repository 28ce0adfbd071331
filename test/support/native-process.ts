/** A native plugin's process, driven as an executor drives it. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { BincodeType } from "../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../src/bincode/encode-bincode.js";
import { toUtf8 } from "../../src/bytes/utf8.js";
import { decodeTarget, encodeFrame, encodeTarget, FrameReader, ORDER, type ProcessFrame, REPORT, type StartedMessage, type StartMessage } from "../../src/node/executor/process-frames.js";
import type { BridgeFunction } from "../../src/runtime/bridge/bridge-functions.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIBRARIES = join(ROOT, ".cache/fixtures/native");

/** The libraries are built only where their compilers are: `node test/fixtures/build/native.mjs`. */
export function hasLibrary(name: string): boolean {
  return existsSync(join(LIBRARIES, `lib${name}.so`));
}

let bundled: Promise<string> | undefined;

/** The path of the process's script, made of its sources. It is beside koffi. */
export async function nativeHostScript(): Promise<string> {
  bundled ??= bundleNativeHost(join(ROOT, ".cache/native-host/native-host.js"));
  return bundled;
}

async function bundleNativeHost(output: string): Promise<string> {
  const result = await build({
    configFile: false, root: ROOT, logLevel: "warn",
    ssr: { noExternal: true, external: ["koffi"] },
    build: { ssr: join(ROOT, "src/node/native/native-host.ts"), write: false, target: "node20", rolldownOptions: { output: { codeSplitting: false } } },
  });
  const [chunk] = Array.isArray(result) ? [] : "output" in result ? result.output : [];
  if (chunk?.type !== "chunk") throw new Error("The process's script became no script");
  await mkdir(dirname(output), { recursive: true });
  // Several test files make it at once.
  await writeFile(`${output}.${process.pid}`, chunk.code);
  await rename(`${output}.${process.pid}`, output);
  return output;
}

/** A function as `bridgeFunctions` describes it. */
export function functionOf(target: string, parameters: readonly BincodeType[], ok: BincodeType | null, failure?: { readonly err: BincodeType | null }): BridgeFunction {
  return { target, arguments: { kind: "tuple", items: parameters }, ok, err: failure?.err ?? null, fallible: failure !== undefined };
}

export interface NativeAnswer {
  readonly kind: "ok" | "err" | "trap" | "resource-invalid" | "host-failed";
  readonly bytes: Uint8Array;
  readonly text: string;
}

export type HostAnswer = { readonly kind: "ok" | "err"; readonly bytes: Uint8Array } | { readonly kind: "failed"; readonly message: string };
type OnHostCall = (target: string, args: Uint8Array) => HostAnswer | Promise<HostAnswer>;

export interface NativeStartOptions extends Partial<StartMessage> {
  readonly library: string;
  readonly onHostCall?: OnHostCall;
  readonly script?: string;
  /** Of Node. */
  readonly flags?: readonly string[];
}

const KINDS = ["ok", "err", "trap", "resource-invalid", "host-failed"] as const;

export class NativeProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  output = "";
  errors = "";
  readonly #channel: Duplex;
  readonly #waiting = new Map<number, (answer: NativeAnswer) => void>();
  #report: ((frame: ProcessFrame) => void) | undefined;
  readonly #onHostCall: OnHostCall | undefined;
  #last = 0;

  constructor(script: string, onHostCall?: OnHostCall, flags: readonly string[] = []) {
    this.child = spawn(process.execPath, [...flags, script], { stdio: ["ignore", "pipe", "pipe", "pipe"] });
    this.#onHostCall = onHostCall;
    this.#channel = this.child.stdio[3] as Duplex;
    this.child.stdout?.on("data", (text: Buffer) => (this.output += text.toString()));
    this.child.stderr?.on("data", (text: Buffer) => (this.errors += text.toString()));
    this.ended = new Promise((resolve) => this.child.on("close", (code, signal) => resolve({ code, signal })));
    const reader = new FrameReader(2 ** 30);
    this.#channel.on("data", (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) void this.#take(frame);
    });
    this.#channel.on("error", () => undefined);
  }

  /** @throws {NativeFailure} what the process says why it does not start */
  static async start({ library, onHostCall, script, flags, ...start }: NativeStartOptions): Promise<{ readonly process: NativeProcess; readonly started: StartedMessage }> {
    const started = new NativeProcess(script ?? (await nativeHostScript()), onHostCall, flags);
    return { process: started, started: await started.load(startMessage(library, start)) };
  }

  async load(message: StartMessage): Promise<StartedMessage> {
    return this.loadBytes(toUtf8(JSON.stringify(message)));
  }

  async loadBytes(message: Uint8Array): Promise<StartedMessage> {
    const reported = new Promise<ProcessFrame>((resolve) => (this.#report = resolve));
    this.send(ORDER.start, 0, message);
    const frame = await Promise.race([reported, this.ended]);
    if (!("kind" in frame)) throw new NativeFailure("crashed", `ended with ${frame.signal ?? frame.code}: ${this.errors}`);
    const body = JSON.parse(new TextDecoder().decode(frame.payload)) as unknown;
    if (frame.kind === REPORT.started) return body as StartedMessage;
    const { code, message: text } = body as { code: string; message: string };
    await this.end();
    throw new NativeFailure(code, text);
  }

  send(kind: number, id: number, ...parts: readonly Uint8Array[]): void {
    this.#channel.write(encodeFrame(kind, id, ...parts));
  }

  async call(target: string, args: Uint8Array): Promise<NativeAnswer> {
    return this.order(ORDER.call, encodeTarget(target), args);
  }

  async drop(resource: number): Promise<NativeAnswer> {
    return this.order(ORDER.drop, encodeBincode("u32", resource));
  }

  async order(kind: number, ...parts: readonly Uint8Array[]): Promise<NativeAnswer> {
    const id = ++this.#last;
    const answered = new Promise<NativeAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.send(kind, id, ...parts);
    const answer = await Promise.race([answered, this.ended]);
    if ("kind" in answer) return answer;
    throw new NativeFailure("crashed", `ended with ${answer.signal ?? answer.code}: ${this.errors}`);
  }

  /** Closes the channel and waits for the end. */
  async end(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    this.#channel.end();
    return this.ended;
  }

  async #take({ kind, id, payload }: ProcessFrame): Promise<void> {
    if (kind === REPORT.hostCall) return this.#answerHost(id, payload);
    if (kind !== REPORT.answer) return this.#report?.({ kind, id, payload });
    const bytes = payload.subarray(1);
    this.#waiting.get(id)?.({ kind: KINDS[payload[0] ?? -1] ?? "trap", bytes, text: new TextDecoder().decode(bytes) });
  }

  async #answerHost(id: number, payload: Uint8Array): Promise<void> {
    const call = decodeTarget(payload);
    const answer: HostAnswer = call === undefined || this.#onHostCall === undefined ? { kind: "failed", message: "there is no host" } : await this.#onHostCall(call.target, call.rest);
    const body = "bytes" in answer ? answer.bytes : toUtf8(answer.message);
    this.send(ORDER.hostAnswer, id, new Uint8Array([["ok", "err", "failed"].indexOf(answer.kind)]), body);
  }
}

export class NativeFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function startMessage(library: string, more: Partial<StartMessage> = {}): StartMessage {
  return {
    pluginId: "acme.native", directory: LIBRARIES, library: `lib${library}.so`, interfaceHash: "0000000000000000", interfaceName: "acme:native/api@1.0.0",
    methods: [], exports: [], imports: [], messageBytes: 1024 * 1024, memoryBytes: 0, ...more,
  };
}

/** Calls by values instead of bytes. */
export function caller(running: NativeProcess, functions: readonly BridgeFunction[]): (name: string, ...args: readonly unknown[]) => Promise<{ readonly kind: NativeAnswer["kind"]; readonly value: unknown }> {
  const found = new Map(functions.map((described) => [described.target.slice(described.target.indexOf("#") + 1), described]));
  return async (name, ...args) => {
    const described = found.get(name);
    if (described === undefined) throw new Error(`There is no ${name}`);
    const { kind, bytes, text } = await running.call(described.target, encodeBincode(described.arguments, args));
    const type = kind === "ok" ? described.ok : kind === "err" ? described.err : undefined;
    return { kind, value: type === undefined ? text : type === null ? undefined : decodeBincode(type, bytes) };
  };
}
