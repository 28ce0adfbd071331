import { describe, expect, it, test } from "vitest";
import { addressKind, moduleUrl, probeUrl } from "../../../src/runtime/module-cache/module-addresses.js";
import { type ModuleCacheOptions, moduleCache } from "../../../src/runtime/module-cache/service-worker-modules.js";
import { type ModuleRequestEvent, serveModules } from "../../../src/runtime/module-cache/serve-modules.js";

const SHA256 = "0123456789abcdef".repeat(4);
const SCOPE = "https://app.test/tools/";

describe("addresses", () => {
  it("are below the scope, and of their kind", () => {
    expect(addressKind(moduleUrl(SCOPE, SHA256), SCOPE)).toBe("module");
    expect(addressKind(probeUrl(SCOPE), SCOPE)).toBe("probe");
    expect(moduleUrl(SCOPE, SHA256)).toBe(`https://app.test/tools/.portcullis/modules/${SHA256}.wasm`);
    // A scope may be the address of one page.
    expect(addressKind(moduleUrl(`${SCOPE}page.html`, SHA256), `${SCOPE}page.html`)).toBe("module");
  });

  it.each([
    `https://app.test/.portcullis/modules/${SHA256}.wasm`, `https://other.test/tools/.portcullis/modules/${SHA256}.wasm`, `${SCOPE}.portcullis/modules/${SHA256}.wasm?`,
    `${SCOPE}.portcullis/modules/${SHA256}.wasm#x`, `${SCOPE}.portcullis/modules/${SHA256.toUpperCase()}.wasm`, `${SCOPE}.portcullis/modules/${SHA256}`, `${SCOPE}.portcullis/modules/../${SHA256}.wasm`,
    `${SCOPE}.portcullis/modules/x/${SHA256}.wasm`, `${SCOPE}.portcullis/modules/`, `${SCOPE}.portcullis/modules/served/`, SCOPE, "",
  ])("no other is any: %s", (url) => {
    expect(addressKind(url, SCOPE)).toBeUndefined();
  });
});

describe("serveModules", () => {
  /** What a service worker with nothing kept does for a request. */
  async function ask(method: string, url: string): Promise<Response | "untouched"> {
    let listener: ((event: ModuleRequestEvent) => void) | undefined;
    const caches = { open: () => Promise.resolve({ match: () => Promise.resolve(undefined) }) } as unknown as CacheStorage;
    serveModules({ registration: { scope: SCOPE }, caches, addEventListener: (_type, heard) => void (listener = heard) });
    let answer: Promise<Response> | undefined;
    listener?.({ request: new Request(url, { method }), respondWith: (response) => void (answer = response), stopImmediatePropagation: () => undefined });
    return (await answer) ?? "untouched";
  }

  it("answers GET requests for modules, and no others", async () => {
    expect(await ask("GET", moduleUrl(SCOPE, SHA256))).toMatchObject({ status: 404 });
    expect(await ask("GET", probeUrl(SCOPE))).toMatchObject({ status: 200 });
    for (const method of ["HEAD", "POST", "PUT", "DELETE"]) expect(await ask(method, moduleUrl(SCOPE, SHA256)), method).toBe("untouched");
    expect(await ask("GET", `${SCOPE}index.html`)).toBe("untouched");
  });
});

describe("moduleCache", () => {
  it("says where it cannot be used, and never rejects", async () => {
    const cache = moduleCache({ minBytes: 4, maxBytes: 8 });
    expect(await cache.compile(new Uint8Array(3))).toEqual({ miss: "too-small" });
    expect(await cache.compile(new Uint8Array(9))).toEqual({ miss: "too-large" });
    expect(await cache.compile(new Uint8Array(6))).toEqual({ miss: "unsupported" });
  });

  test.each<ModuleCacheOptions>([
    { maxBytes: Number.NaN }, { maxBytes: -1 }, { minBytes: Number.NaN }, { minBytes: -1 }, { timeoutMilliseconds: 0 }, { timeoutMilliseconds: Number.NaN }, { maxBytes: "1" as unknown as number },
  ])("refuses a bound that bounds nothing: %o", (options) => {
    expect(() => moduleCache(options)).toThrow(expect.objectContaining({ code: "usage-invalid" }) as Error);
  });
});
