import { fileURLToPath } from "node:url";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { build } from "vite";
import type { PluginLimits } from "../../../src/limits/plugin-limits.js";
import type { HostAnswer } from "../../../src/rpc/messages.js";
import { ImportError } from "../../../src/wasi/guest-context.js";
import type { HostChannel } from "../../../src/wasi/host-channel.js";
import { type SeenRequest, startHttpServer } from "./http-server.js";
import { Page } from "./page.js";

/** A way to a page with a server beside it. */
export interface Link {
  readonly channel: HostChannel;
  readonly origin: string;
  seen(): readonly SeenRequest[];
  stop(): Promise<void>;
}

/** `ORIGIN` in a grant stands for the server's. */
export type OpenLink = (grants: readonly string[], limits?: Partial<PluginLimits>) => Promise<Link>;

function valueOf(answer: HostAnswer): unknown {
  if (answer.kind === "ok") return answer.value;
  if (answer.kind === "err") throw new ImportError(answer.value);
  throw new Error(`the instance would be ended: ${JSON.stringify(answer)}`);
}

/** Host calls that answer with promises, as where the guest is suspended. */
export function suspendingChannel(page: Page): HostChannel {
  return {
    call: (operation, values) => page.serve(operation, values).then(valueOf),
    send: (operation, values) => void page.serve(operation, values).catch(() => undefined),
  };
}

export const openSuspendingLink: OpenLink = async (grants, limits = {}) => {
  const server = await startHttpServer();
  const page = new Page({ grants: grants.map((text) => text.replaceAll("ORIGIN", server.origin)), limits });
  return {
    channel: suspendingChannel(page),
    origin: server.origin,
    seen: () => server.seen,
    async stop() {
      page.end();
      await server.stop();
    },
  };
};

let script: Promise<string> | undefined;

/** The thread's script: Node cannot run TypeScript by itself. */
async function blockingPageScript(): Promise<string> {
  const entry = fileURLToPath(new URL("blocking-page.ts", import.meta.url));
  const built = await build({
    configFile: false, logLevel: "error", root: fileURLToPath(new URL("../../..", import.meta.url)),
    build: { write: false, ssr: entry, target: "node20", rolldownOptions: { output: { format: "es", codeSplitting: false } } },
  });
  const [output] = Array.isArray(built) ? built.flatMap((result) => result.output) : "output" in built ? built.output : [];
  if (output?.type !== "chunk") throw new Error("the thread's script was not built");
  return output.code;
}

/** Host calls that answer at once, because this thread waits: shared memory, as in a page that is cross-origin isolated. */
export const openBlockingLink: OpenLink = async (grants, limits = {}) => {
  script ??= blockingPageScript();
  const { port1, port2 } = new MessageChannel();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const code = Buffer.from(await script).toString("base64");
  const worker = new Worker(new URL(`data:text/javascript;base64,${code}`), { workerData: { port: port2, cell, grants, limits }, transferList: [port2] });
  let taken = 0;
  const receive = (): unknown => {
    Atomics.wait(cell, 0, taken, 60_000);
    taken += 1;
    const received = receiveMessageOnPort(port1);
    if (received === undefined) throw new Error("no answer came");
    return received.message;
  };
  const ask = (operation: string, values: readonly unknown[] = []): unknown => {
    port1.postMessage({ operation, values });
    return receive();
  };
  const origin = String(receive());
  return {
    channel: {
      call: (operation, values) => valueOf(ask(operation, values) as HostAnswer),
      send: (operation, values) => port1.postMessage({ operation: `send ${operation}`, values }),
    },
    origin,
    seen: () => ask("test.seen") as SeenRequest[],
    async stop() {
      ask("test.stop");
      await worker.terminate();
    },
  };
};
