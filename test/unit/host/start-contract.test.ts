import { describe, expect, test } from "vitest";
import type { PluginError } from "../../../src/errors/plugin-error.js";
import { fidiusContract } from "../../../src/fidius/fidius-contract.js";
import type { PluginContract } from "../../../src/host/plugin-contract.js";
import { startUnderContract } from "../../../src/host/start-contract.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import type { Manifest } from "../../../src/package/manifest.js";
import type { Outcome } from "../../../src/rpc/messages.js";
import type { World } from "../../../src/component/world.js";

const HASH = 0xd66a33343f4b2077n;
const hashFunction = { name: "fidius-interface-hash", type: { async: false, parameters: [], result: "u64" } } as const;
const configureFunction = { name: "fidius-configure", type: { async: false, parameters: [{ name: "config", type: 0 }], result: null } } as const;

function manifestWith(...interfaces: readonly (readonly (typeof hashFunction | typeof configureFunction)[])[]): Manifest {
  const world: World = {
    types: [{ kind: "list", element: "u8" }], imports: { interfaces: [], functions: [] },
    exports: { interfaces: interfaces.map((functions, index) => ({ name: `fidius:a${index}/a@0.1.0`, functions, resources: [] })), functions: [] },
  };
  return { id: "acme.greeter", world } as unknown as Manifest;
}

/** An instance whose functions answer as given, or never. */
function fakeInstance(answers: Readonly<Record<string, Outcome>>) {
  const calls: string[] = [];
  const ended: PluginError[] = [];
  return {
    calls, ended,
    call: ({ target, arguments: values }: { readonly target: string; readonly arguments: readonly unknown[] }): Promise<Outcome> => {
      const name = target.split("#")[1] ?? "";
      calls.push(values.length === 0 ? name : `${name} ${String(values[0])}`);
      const answer = answers[name];
      return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
    },
    drop: () => Promise.resolve({ kind: "ok", value: undefined } as const),
    terminate: (error: PluginError) => void ended.push(error),
  };
}

const ok = (value: unknown): Outcome => ({ kind: "ok", value });

async function start(answers: Readonly<Record<string, Outcome>>, { contract = fidiusContract({ interfaceHash: HASH }), config, manifest = manifestWith([hashFunction, configureFunction]), milliseconds = 5_000, signal = new AbortController().signal }: { contract?: PluginContract; config?: unknown; manifest?: Manifest; milliseconds?: number; signal?: AbortSignal } = {}) {
  const instance = fakeInstance(answers);
  const outcome = await startUnderContract(instance, { contract, config, manifest, limits: { ...DEFAULT_LIMITS, instantiateMilliseconds: milliseconds }, signal }).then(() => undefined, (error: PluginError) => error);
  return { ...instance, error: outcome };
}

describe("a fresh instance under fidius's contract", () => {
  test("is asked for its hash, then configured, and nothing else", async () => {
    const { calls, error, ended } = await start({ "fidius-interface-hash": ok(HASH), "fidius-configure": ok(undefined) }, { config: new Uint8Array([1, 2]) });
    expect([calls, error, ended]).toEqual([["fidius-interface-hash", "fidius-configure 1,2"], undefined, []]);
    expect((await start({ "fidius-interface-hash": ok(HASH) })).calls, "without a configuration").toEqual(["fidius-interface-hash"]);
  });

  test.each<readonly [what: string, answers: Readonly<Record<string, Outcome>>, code: string]>([
    ["another hash", { "fidius-interface-hash": ok(1n) }, "interface-mismatch"],
    ["no hash", { "fidius-interface-hash": ok("d66a33343f4b2077") }, "interface-mismatch"],
    ["a hash that is an error", { "fidius-interface-hash": { kind: "err", value: HASH } }, "interface-mismatch"],
    ["a trap", { "fidius-interface-hash": { kind: "trap", message: "unreachable" } }, "instantiate-failed"],
    ["a trap while it is configured", { "fidius-interface-hash": ok(HASH), "fidius-configure": { kind: "trap", message: "unreachable" } }, "instantiate-failed"],
    ["a denied import", { "fidius-interface-hash": { kind: "denied", authority: "env", import: "x" } }, "capability-denied"],
  ])("ends with %s", async (_what, answers, code) => {
    const { error, ended } = await start(answers, { config: new Uint8Array() });
    expect(error?.code).toBe(code);
    expect(ended).toEqual([error]);
  });

  test("ends if it never answers, or is no longer wanted", async () => {
    expect((await start({}, { milliseconds: 20 })).error?.code).toBe("timeout");
    expect((await start({ "fidius-interface-hash": ok(HASH) }, { milliseconds: 20, config: new Uint8Array() })).error?.code).toBe("timeout");
    const aborted = new AbortController();
    const starting = start({}, { signal: aborted.signal });
    aborted.abort();
    expect((await starting).ended).toHaveLength(1);
  });

  test("must have exactly one interface of fidius's, and take what it is given", async () => {
    const answers = { "fidius-interface-hash": ok(HASH) };
    expect((await start(answers, { manifest: manifestWith([]) })).error).toMatchObject({ code: "interface-mismatch", message: expect.stringContaining("not built for fidius") });
    expect((await start(answers, { manifest: manifestWith([hashFunction], [hashFunction]) })).error).toMatchObject({ code: "interface-mismatch", message: expect.stringContaining("several") });
    expect((await start(answers, { manifest: manifestWith([hashFunction]), config: new Uint8Array() })).error?.code).toBe("config-invalid");
    expect((await start(answers, { config: { greeting: "a" } })).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining("configType") });
    const typed = fidiusContract({ interfaceHash: HASH, configType: { kind: "record", fields: [{ name: "size", type: "u8" }] } });
    expect((await start(answers, { contract: typed, config: { size: 256 } })).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining("config.size is 256") });
  });

  test("belongs to one load: another's is refused, so that no plugin pulls another's input", async () => {
    const contract = fidiusContract({ interfaceHash: HASH });
    const manifest = manifestWith([hashFunction]);
    for (let round = 0; round < 2; round += 1) expect((await start({ "fidius-interface-hash": ok(HASH) }, { contract, manifest })).error).toBeUndefined();
    expect((await start({ "fidius-interface-hash": ok(HASH) }, { contract })).error?.code).toBe("usage-invalid");
  });

  test("ends with whatever else a contract throws", async () => {
    const contract: PluginContract = { imports: [], grantedByUse: new Set(), takesConfig: false, start: () => Promise.reject(new TypeError("mine")) };
    const { error, ended } = await start({}, { contract });
    expect(error).toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("mine") });
    expect(ended).toHaveLength(1);
  });
});
