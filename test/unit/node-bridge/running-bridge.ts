/** A bridge with the executor of `echo-executor.ts`, on a port of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type BridgeService, serveBridge, type ServeBridgeOptions } from "../../../src/node/bridge/serve-bridge.js";
import { formatPublicKey } from "../../../src/trust/key-format.js";
import { trustKeys } from "../../../src/trust/trust-policy.js";
import { BridgeClient, type ConnectOptions, ORIGIN, TOKEN } from "./bridge-client.js";
import { EchoExecutor } from "./echo-executor.js";
import { PUBLISHER, type PackageOptions, type WrittenPackage, writePackage } from "./echo-plugin.js";

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface RunningBridge {
  readonly service: BridgeService;
  readonly url: string;
  readonly http: string;
  readonly executor: EchoExecutor;
  readonly directory: string;
  readonly plugin: WrittenPackage;
  readonly log: LogLine[];
  /** The log as it was written. */
  readonly lines: string[];
  connect(options?: ConnectOptions): Promise<BridgeClient>;
  /** Adds a package, and waits until the bridge has seen it. */
  write(options?: PackageOptions): Promise<WrittenPackage>;
  metric(name: string): Promise<number>;
  /** Waits until `holds` does. What it waits for comes, or the test runs into its own time. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "portcullis-bridge-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export async function trustTests() {
  return trustKeys([formatPublicKey(PUBLISHER.publicKey)]);
}

export async function runningBridge(options: Partial<ServeBridgeOptions> = {}): Promise<RunningBridge> {
  const directory = await temporaryDirectory();
  const plugin = await writePackage(directory);
  const lines: string[] = [];
  const log: LogLine[] = [];
  const executor = new EchoExecutor();
  const service = await serveBridge({
    plugins: directory, trust: await trustTests(), origins: [ORIGIN], listen: "127.0.0.1:0", executor: () => executor,
    ...(options.tokenFile === undefined && options.authenticate === undefined ? { tokens: [{ token: TOKEN }] } : {}),
    log: (line) => {
      lines.push(line);
      log.push(JSON.parse(line) as LogLine);
    },
    ...options,
  });
  onTestFinished(() => service.close());
  const http = service.url.replace(/^ws/, "http");
  return {
    service, url: service.url, http, executor, directory, plugin, log, lines, until,
    connect: (connect) => BridgeClient.connect(service.url, connect),
    write: async (added) => {
      const written = await writePackage(directory, added);
      const client = await BridgeClient.connect(service.url);
      let request = 0;
      await until(async () => {
        request += 1;
        client.send({ tag: "read", val: { request, id: written.id, version: written.version } });
        return (await client.frame("package", ({ val }) => val.request === request)).val.found !== undefined;
      });
      client.socket.terminate();
      return written;
    },
    metric: async (name) => {
      const text = await (await fetch(new URL("/metrics", http))).text();
      const [, value] = new RegExp(`^${name.replace(/[{}"]/g, "\\$&")} (.*)$`, "m").exec(text) ?? [];
      return Number(value);
    },
  };
}
