import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { transpileComponent } from "../../../src/compile/transpile-component.js";
import { transpileInWorker, type DisposableWorker, type TranspileInWorkerOptions } from "../../../src/compile/transpile-in-worker.js";
import { parseTranspileResponse } from "../../../src/compile/transpile-messages.js";
import { transpilerAssets } from "../../../src/compile/transpiler-assets.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { component, transpilerFolder, vendoredTranspiler } from "./vendored-transpiler.js";

let server: Server;
let requests: string[] = [];
let broken = false;
let place = 0;
let options: Omit<TranspileInWorkerOptions, "startWorker">;

beforeAll(async () => {
  const folder = await transpilerFolder();
  server = createServer((request, response) => {
    const name = request.url?.split("/").at(-1) ?? "";
    requests.push(name);
    const type = name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
    readFile(join(folder, name)).then(
      (bytes) => response.writeHead(broken ? 503 : 200, { "content-type": type }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

beforeEach(async () => {
  requests = [];
  broken = false;
  place += 1;
  const bytes = await component("small-c");
  options = {
    // A place of its own for each test, since what was fetched from one is kept.
    assets: transpilerAssets(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${place}`),
    component: bytes,
    world: decodeComponent(bytes),
    target: "browser-sync",
  };
});

const PRELUDE = `
const { parentPort } = require("node:worker_threads");
globalThis.addEventListener = (type, listener) => parentPort.once("message", (data) => listener({ data }));
globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
`;

let ended = 0;
const start = (takesModules: boolean, replace?: string) => async (script: string): Promise<DisposableWorker> => {
  const worker = new Worker(PRELUDE + (replace ?? script), { eval: true });
  return {
    takesModules,
    postMessage: (message, transfer) => worker.postMessage(message, (transfer ?? []) as ArrayBuffer[]),
    onMessage: (listener) => worker.on("message", listener),
    onFailure: (listener) => worker.on("error", listener),
    terminate: () => {
      ended += 1;
      void worker.terminate();
    },
  };
};

describe("transpileInWorker", () => {
  beforeEach(() => {
    ended = 0;
  });

  test.each([true, false])("answers what transpiling here does (compiled modules posted: %s)", async (takesModules) => {
    const answer = await transpileInWorker({ ...options, startWorker: start(takesModules) });
    const here = transpileComponent(await vendoredTranspiler(), options.component, options.world, "browser-sync");
    expect(answer).toEqual(here);
    expect(ended).toBe(1);
    expect(options.component.length).toBeGreaterThan(0);
  });

  test("fetches the transpiler once", async () => {
    await Promise.all([1, 2].map(() => transpileInWorker({ ...options, startWorker: start(true) })));
    await transpileInWorker({ ...options, startWorker: start(true) });
    expect(requests.sort()).toEqual(["transpiler-worker.js", "transpiler.core.wasm", "transpiler.core2.wasm"]);
    expect(ended).toBe(3);
  });

  test("a failed fetch is named and not remembered", async () => {
    broken = true;
    await expect(transpileInWorker({ ...options, startWorker: start(true) })).rejects.toMatchObject({ code: "source-unreachable" });
    broken = false;
    await expect(transpileInWorker({ ...options, startWorker: start(true) })).resolves.toHaveProperty("glue");
  });

  test("a failure keeps its code", async () => {
    const request = { ...options, component: options.component.slice(0, 300) };
    await expect(transpileInWorker({ ...request, startWorker: start(true) })).rejects.toMatchObject({ code: "transpile-failed" });
    const text = { ...options, component: new TextEncoder().encode("(component)") };
    await expect(transpileInWorker({ ...text, startWorker: start(true) })).rejects.toMatchObject({ code: "component-invalid" });
    expect(ended).toBe(2);
  });

  test("a worker that throws, hangs, or answers nonsense", async () => {
    const run = (script: string, timeoutMilliseconds = 20_000) => transpileInWorker({ ...options, startWorker: start(true, script), timeoutMilliseconds });
    await expect(run("throw new Error('broken')")).rejects.toMatchObject({ code: "transpile-failed", message: expect.stringContaining("broken") as string });
    await expect(run("for (;;);", 300)).rejects.toMatchObject({ code: "timeout" });
    await expect(run("parentPort.postMessage({ glue: 1 })")).rejects.toMatchObject({ code: "transpile-failed" });
    expect(ended).toBe(3);
  });

  test("aborting ends it, a worker that starts too late too", async () => {
    const controller = new AbortController();
    const running = transpileInWorker({ ...options, startWorker: start(true, "for (;;);"), signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: "aborted" });
    expect(ended).toBe(1);
    await expect(transpileInWorker({ ...options, startWorker: start(true), signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
    let begin = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const waiting = transpileInWorker({ ...options, timeoutMilliseconds: 50, startWorker: async (script) => late.then(() => start(true)(script)) });
    await expect(waiting).rejects.toMatchObject({ code: "timeout" });
    begin();
    await expect.poll(() => ended).toBe(2);
  });

  test("a worker that cannot start", async () => {
    const startWorker = () => Promise.reject(new Error("no data: workers here"));
    await expect(transpileInWorker({ ...options, startWorker })).rejects.toMatchObject({ code: "transpile-failed", message: expect.stringContaining("no data: workers") as string });
  });
});

describe("parseTranspileResponse", () => {
  const bytes = new Uint8Array([1]);
  const good = { glue: "", coreModules: [{ name: "plugin.core.wasm", bytes }] };

  test("takes an answer", () => {
    expect(parseTranspileResponse({ transpiled: good })).toEqual(good);
  });

  test.each([
    undefined,
    null,
    "text",
    {},
    { transpiled: null },
    { transpiled: { ...good, glue: 1 } },
    { transpiled: { ...good, coreModules: {} } },
    { transpiled: { ...good, coreModules: [null] } },
    { transpiled: { ...good, coreModules: [...good.coreModules, ...good.coreModules] } },
    { transpiled: { ...good, coreModules: [{ name: "../x.wasm", bytes }] } },
    { transpiled: { ...good, coreModules: [{ name: "__proto__", bytes }] } },
    { transpiled: { ...good, coreModules: [{ name: "plugin.core.wasm", bytes: new ArrayBuffer(1) }] } },
    { transpiled: { ...good, coreModules: Array.from({ length: 5_000 }, (_, index) => ({ name: `plugin.core${index}.wasm`, bytes })) } },
    { failure: {} },
    { failure: { code: "not-a-code", message: "" } },
    { failure: { code: "__proto__", message: "" } },
    { failure: { code: "timeout", message: 1 } },
  ])("refuses anything else: %j", (message) => {
    expect(() => parseTranspileResponse(message)).toThrow(expect.objectContaining({ code: "transpile-failed" }));
  });
});
