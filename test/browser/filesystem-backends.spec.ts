/** The backends that only a browser has, against the contract of every backend and where browsers fail. */
import type { Page } from "@playwright/test";
import type * as Backends from "../../src/backends.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { boundedCases, cases } from "./pages/filesystem-conformance.js";

interface Modules {
  readonly backends: typeof Backends;
  readonly conformance: { readonly cases: typeof cases; readonly boundedCases: typeof boundedCases };
}

/** Runs `run` in the page, with what is built and the contract. */
async function inPage<Argument, Result>(page: Page, server: TestServer, run: (modules: Modules, argument: Argument) => Promise<Result>, argument: Argument): Promise<Result> {
  const source = `Promise.all([import(${JSON.stringify(server.url("dist/backends.js"))}), import(${JSON.stringify(server.url("pages/filesystem-conformance.js"))})]).then(([backends, conformance]) => ({ backends, conformance }))`;
  const modules = await page.evaluateHandle(source);
  const evaluate: (pageFunction: typeof run, plain: unknown) => Promise<unknown> = modules.evaluate.bind(modules) as never;
  return (await evaluate(run, argument)) as Result;
}

for (const kind of ["opfsDirectory", "handleDirectory"] as const) {
  test(`${kind} keeps the contract`, async ({ page, server }) => {
    const failures = await inPage(page, server, async ({ backends, conformance }, which) => {
      const found: string[] = [];
      const open = async (name: string, maximumBytes?: number) => {
        const options = maximumBytes === undefined ? {} : { maximumBytes };
        if (which === "opfsDirectory") return backends.opfsDirectory(`contract/${name}`, options);
        const root = await navigator.storage.getDirectory();
        return backends.handleDirectory(await root.getDirectoryHandle(name, { create: true }), options);
      };
      const all = [...conformance.cases.map((one) => [...one, undefined] as const), ...conformance.boundedCases.map((one) => [...one, 100_000] as const)];
      for (const [index, [name, run, maximumBytes]] of all.entries()) {
        await run(await open(`case ${index}`, maximumBytes)).catch((error: unknown) => found.push(`${name}: ${String(error)}`));
      }
      return { found, ran: all.length };
    }, kind);
    expect(failures).toEqual({ found: [], ran: cases.length + boundedCases.length });
  });
}

test("what was synchronized is there after a reload, and what was written a moment before it too", async ({ page, server }) => {
  await inPage(page, server, async ({ backends }) => {
    const directory = backends.opfsDirectory("kept");
    await directory.createDirectory(["folder"]);
    await directory.createFile(["folder", "file"]);
    await directory.write(["folder", "file"], 0, new TextEncoder().encode("kept"));
    await directory.sync?.(["folder", "file"]);
    await directory.createFile(["late"]);
    await directory.write(["late"], 0, new TextEncoder().encode("late"));
    // Nothing asks for it: the write is committed of its own accord.
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("kept");
    while ((await (await root.getFileHandle("late")).getFile()).size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }, undefined);
  await page.reload();
  const found = await inPage(page, server, async ({ backends }) => {
    const directory = backends.opfsDirectory("kept");
    const text = async (path: string[]) => new TextDecoder().decode(await directory.read(path, 0, 100));
    return [await text(["folder", "file"]), await text(["late"])];
  }, undefined);
  expect(found).toEqual(["kept", "late"]);
});

test("a page that ends in the middle of a write leaves the file as it was", async ({ page, server }) => {
  await inPage(page, server, async ({ backends }) => {
    const directory = backends.opfsDirectory("crash");
    await directory.createFile(["file"]);
    await directory.write(["file"], 0, new TextEncoder().encode("old content"));
    await directory.sync?.(["file"]);
    // Taken from the backend, so that nothing commits: what a page has that is killed before.
    globalThis.setTimeout = (() => 0) as never;
    await directory.write(["file"], 0, new TextEncoder().encode("new"));
  }, undefined);
  await page.reload();
  const found = await inPage(page, server, async ({ backends }) => {
    const directory = backends.opfsDirectory("crash");
    return [new TextDecoder().decode(await directory.read(["file"], 0, 100)), (await directory.list([])).map(({ name }) => name)];
  }, undefined);
  expect(found).toEqual(["old content", ["file"]]);
});

test("what is there already counts towards the bound of opfsDirectory", async ({ page, server }) => {
  const codes = await inPage(page, server, async ({ backends }) => {
    const before = backends.opfsDirectory("bounded");
    await before.createFile(["file"]);
    await before.write(["file"], 0, new Uint8Array(80_000));
    await before.sync?.([]);
    const after = backends.opfsDirectory("bounded", { maximumBytes: 100_000 });
    const outcome = (work: Promise<unknown>) => work.then(() => "done", (error: { code: string }) => error.code);
    return [await outcome(after.write(["file"], "end", new Uint8Array(20_000))), await outcome(after.write(["file"], "end", new Uint8Array(10_000)))];
  }, undefined);
  expect(codes).toEqual(["insufficient-space", "done"]);
});

test("a directory that may not be used, any more or yet, is not-permitted, and no plugin makes the browser ask", async ({ page, server }) => {
  const found = await inPage(page, server, async ({ backends }) => {
    const handle = await (await navigator.storage.getDirectory()).getDirectoryHandle("picked", { create: true });
    let state = "granted";
    let asked = 0;
    Object.defineProperty(handle, "queryPermission", { value: async () => state });
    Object.defineProperty(handle, "requestPermission", { value: async () => (asked += 1) });
    const directory = backends.handleDirectory(handle);
    const outcome = (work: Promise<unknown>) => work.then(() => "done", (error: { code: string }) => error.code);
    const all = () => Promise.all([
      directory.write(["file"], 0, Uint8Array.of(1)), directory.resize(["file"], 1), directory.createFile(["new"]), directory.createDirectory(["folder"]),
      directory.removeFile(["new"]), directory.removeDirectory(["folder"]), directory.rename(["file"], ["other"]), directory.rename(["other"], ["file"]),
    ].map(outcome));
    await directory.createFile(["file"]);
    const before = await all();
    state = "prompt";
    const prompt = await all();
    state = "denied";
    const denied = await all();
    // The browser itself refuses reading when it was withdrawn.
    const withdrawn = new DOMException("withdrawn", "NotAllowedError");
    Object.defineProperty(handle, "getFileHandle", { value: () => Promise.reject(withdrawn) });
    Object.defineProperty(handle, "values", { value: () => { throw withdrawn; } });
    return { before, prompt, denied, asked, reading: [await outcome(directory.stat(["file"])), await outcome(directory.read(["file"], 0, 1)), await outcome(directory.list([]))] };
  }, undefined);
  const refused = Array.from({ length: 8 }, () => "not-permitted");
  expect(found).toEqual({ before: Array.from({ length: 8 }, () => "done"), prompt: refused, denied: refused, asked: 0, reading: refused.slice(0, 3) });
});

test("a file that somebody else has locked is busy", async ({ page, server }) => {
  const codes = await inPage(page, server, async ({ backends }) => {
    const directory = backends.opfsDirectory("locked");
    await directory.createFile(["file"]);
    const worker = new Worker(URL.createObjectURL(new Blob([`onmessage = async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("locked");
      const access = await (await folder.getFileHandle("file")).createSyncAccessHandle();
      postMessage("locked");
      onmessage = () => { access.close(); postMessage("free"); };
    };`])));
    const answered = () => new Promise((resolve) => (worker.onmessage = resolve));
    const outcome = (work: Promise<unknown>) => work.then(() => "done", (error: { code: string }) => error.code);
    worker.postMessage("lock");
    await answered();
    const locked = await outcome(directory.write(["file"], 0, Uint8Array.of(1)));
    worker.postMessage("free");
    await answered();
    return [locked, await outcome(directory.write(["file"], 0, Uint8Array.of(1)))];
  }, undefined);
  expect(codes).toEqual(["busy", "done"]);
});

test("a failure when a write is committed is told to the next who uses the file, once", async ({ page, server }) => {
  const codes = await inPage(page, server, async ({ backends }) => {
    const directory = backends.opfsDirectory("failing");
    for (const name of ["file", "other"]) await directory.createFile([name]);
    const close = FileSystemWritableFileStream.prototype.close;
    let failed: () => void = () => undefined;
    const failure = new Promise<void>((resolve) => (failed = resolve));
    FileSystemWritableFileStream.prototype.close = function () {
      failed();
      return Promise.reject(new DOMException("full", "QuotaExceededError"));
    };
    const outcome = (work: Promise<unknown>) => work.then(() => "done", (error: { code: string }) => error.code);
    const write = await outcome(directory.write(["file"], 0, Uint8Array.of(1)));
    await failure;
    FileSystemWritableFileStream.prototype.close = close;
    return [write, await outcome(directory.stat(["other"])), await outcome(directory.rename(["file"], ["other"])), await outcome(directory.rename(["file"], ["other"]))];
  }, undefined);
  expect(codes).toEqual(["done", "done", "insufficient-space", "done"]);
});
