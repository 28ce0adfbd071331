/** Runs in a thread of its own: a page and a server, for a guest whose thread waits for every answer. */
import { type MessagePort, workerData } from "node:worker_threads";
import { startHttpServer } from "./http-server.js";
import { Page } from "./page.js";

const { port, cell, grants, limits } = workerData as { port: MessagePort; cell: Int32Array; grants: string[]; limits: object };

const server = await startHttpServer();
const page = new Page({ grants: grants.map((text) => text.replaceAll("ORIGIN", server.origin)), limits });

function reply(message: unknown): void {
  port.postMessage(message);
  Atomics.add(cell, 0, 1);
  Atomics.notify(cell, 0);
}

interface Call {
  readonly operation: string;
  readonly values: readonly unknown[];
}

async function take({ operation, values }: Call): Promise<void> {
  if (operation === "test.stop") {
    page.end();
    await server.stop();
    reply("stopped");
    port.close();
  } else if (operation === "test.seen") reply(server.seen);
  else if (operation.startsWith("send ")) await page.serve(operation.slice("send ".length), values);
  else reply(await page.serve(operation, values));
}

port.on("message", (call: Call) => void take(call));
reply(server.origin);
