import type { CacheResult, CodeOrigin, CompileTarget, LoadPhase, LoadReport, SandboxKind, StalenessReason } from "portcullis";

export type ReportedPhase = LoadReport["phases"][number]["phase"];

/** Every phase in the order of a load. */
export const PHASE_WORDS: Readonly<Record<ReportedPhase, string>> = {
  resolve: "Find", download: "Download", verify: "Verify", cache: "Look in cache", transpile: "Transpile", compile: "Compile", instantiate: "Start",
};

const MISS_WORDS: Readonly<Record<StalenessReason, string>> = {
  missing: "it was not there yet",
  schema: "it was stored in another layout",
  wasm: "it was stored for another component",
  transpiler: "it was made by another transpiler",
  target: "it was made for another target",
  config: "it was made with other options",
  digest: "what was stored is damaged",
  unreadable: "the cache could not be read",
};

export const CODE_WORDS: Readonly<Record<CodeOrigin, string>> = {
  cache: "Out of this browser's cache", package: "Shipped in the signed package", transpiled: "Transpiled here from the component",
};

export const TARGET_WORDS: Readonly<Record<CompileTarget, string>> = { "browser-sync": "synchronous", "browser-jspi": "asynchronous by JSPI" };

export const SANDBOX_WORDS: Readonly<Record<SandboxKind, string>> = {
  "policy-frame": "Worker with an opaque origin, in a frame whose policy allows no network",
  "policy-worker": "Worker with a policy of its own that allows no network",
  "sandboxed-frame": "Worker in a sandboxed frame with an opaque origin and no network",
};

export function cacheWords(cache: CacheResult): string {
  return cache.hit ? "compiled code was reused" : `${MISS_WORDS[cache.reason]} (${cache.reason})`;
}

export function phaseWords(phase: LoadPhase): string {
  return phase === "ready" ? "Ready" : PHASE_WORDS[phase];
}
