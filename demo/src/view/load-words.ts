import type { CacheResult, CodeOrigin, CompileTarget, LoadPhase, LoadReport } from "portcullis";
import type { FilterPlace } from "../plugins/filter-bridge.js";

export type ReportedPhase = LoadReport["phases"][number]["phase"];

/** Every phase in the order of a load. */
export const PHASE_WORDS: Readonly<Record<ReportedPhase, string>> = {
  resolve: "Find", download: "Download", verify: "Verify", connect: "Connect", cache: "Look in cache", transpile: "Transpile", compile: "Compile", instantiate: "Start",
};

export const PLACE_WORDS: Readonly<Record<FilterPlace, string>> = { page: "In this page", python: "Python, on the bridge", native: "Native, on the bridge" };

type MissReason = Extract<CacheResult, { readonly hit: false }>["reason"];

const MISS_WORDS: Readonly<Record<MissReason, string>> = {
  missing: "it was not there yet",
  schema: "it was stored in another layout",
  wasm: "it was stored for another component",
  transpiler: "it was made by another transpiler",
  target: "it was made for another target",
  config: "it was made with other options",
  digest: "what was stored is damaged",
  unreadable: "the cache could not be read",
  bridge: "nothing of it is compiled here",
};

const CODE_WORDS: Readonly<Record<CodeOrigin, string>> = {
  cache: "Out of this browser's cache", package: "Shipped in the signed package", transpiled: "Transpiled here from the component", bridge: "Stays with the bridge",
};

const TARGET_WORDS: Readonly<Record<CompileTarget, string>> = { "browser-sync": "synchronous", "browser-jspi": "asynchronous by JSPI" };

export const SANDBOX_WORDS: Readonly<Record<LoadReport["sandbox"], string>> = {
  "policy-frame": "Worker with an opaque origin, in a frame whose policy allows no network",
  "policy-worker": "Worker with a policy of its own that allows no network",
  "sandboxed-frame": "Worker in a sandboxed frame with an opaque origin and no network",
  bridge: "A process of its own on the bridge",
};

/** Where the code came from that runs. */
export function codeWords({ code, target }: LoadReport): string {
  return target === "bridge" ? CODE_WORDS.bridge : `${CODE_WORDS[code]} (${TARGET_WORDS[target]})`;
}

/** What the cache did, in one or two words. */
export function cacheOutcome(cache: CacheResult): string {
  if (cache.hit) return "Hit";
  return cache.reason === "bridge" ? "Not used" : "Miss";
}

export function cacheWords(cache: CacheResult): string {
  if (cache.hit) return "compiled code was reused";
  return cache.reason === "bridge" ? MISS_WORDS.bridge : `${MISS_WORDS[cache.reason]} (${cache.reason})`;
}

export function phaseWords(phase: LoadPhase): string {
  return phase === "ready" ? "Ready" : PHASE_WORDS[phase];
}
