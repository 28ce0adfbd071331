// Which of the filters that need the bridge can run on this machine, and in plain words why the others cannot.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildNative, hasCargo } from "./native.mjs";

/** @typedef {import("./filters.mjs").Filter} Filter */

/**
 * What `--without` takes away, as if this machine did not have it.
 *
 * @typedef {"python" | "native"} Toolchain
 */
export const TOOLCHAINS = /** @type {const} */ (["python", "native"]);

const NO_BRIDGE = "Needs a bridge, which this site does not have.";
const NO_PYTHON = "Needs Python 3.9 or newer on this machine.";
const NO_CARGO = "Needs Rust’s cargo on this machine, to be built.";
const NOT_BUILT = "Could not be built on this machine; the terminal says why.";
const NOT_STARTED = "Could not be started on this machine; the terminal says why.";

/** Generous: a filter is tried while others may be compiled. */
const TRIAL_LIMITS = {
  instantiateMilliseconds: 60_000, callMilliseconds: 60_000, memoryBytes: 256 * 1024 * 1024, messageBytes: 1024 * 1024, logBytes: 64 * 1024,
};

/** The filters in Python and native code, and what was found out about them. */
export class BridgeFilters {
  /** @type {readonly Filter[]} */
  all;
  /** Where the code of each native one is. @type {Map<Filter, string>} */
  libraries = new Map();
  /** Why it cannot run here. @type {Map<Filter, string>} */
  absent = new Map();

  /** @param {readonly Filter[]} filters */
  constructor(filters) {
    this.all = filters.filter(({ runtime }) => runtime !== "wasm");
  }

  /** @returns {readonly Filter[]} those that can run, as far as is known */
  get present() {
    return this.all.filter((filter) => !this.absent.has(filter));
  }

  /** For a page that is only files. */
  removeAll() {
    for (const filter of this.all) this.absent.set(filter, NO_BRIDGE);
  }

  /**
   * Builds what must be built, where it can be.
   *
   * @param {ReadonlySet<Toolchain>} without
   */
  async build(without) {
    const canBuild = !without.has("native") && (await hasCargo());
    for (const filter of this.present) {
      if (filter.runtime === "python" && without.has("python")) this.absent.set(filter, NO_PYTHON);
      if (filter.runtime !== "rust") continue;
      const library = canBuild ? await buildNative(filter).catch((/** @type {unknown} */ error) => this.#refuse(filter, NOT_BUILT, error)) : this.#refuse(filter, NO_CARGO);
      if (library !== undefined) this.libraries.set(filter, library);
    }
  }

  /**
   * Starts each of them once, which finds out what no look at programs and versions does. What it found is kept ready.
   *
   * @param {import("portcullis/node").LocalExecutor} executor
   * @param {string} registry
   */
  async tryAll(executor, registry) {
    for (const filter of this.present) {
      try {
        await startOnce(executor, registry, filter);
      } catch (error) {
        const isUnsupported = typeof error === "object" && error !== null && "code" in error && error.code === "runtime-unsupported";
        this.#refuse(filter, isUnsupported && filter.runtime === "python" ? NO_PYTHON : NOT_STARTED, error);
      }
    }
  }

  /**
   * @param {Filter} filter
   * @param {string} reason
   * @param {unknown} [error]
   * @returns {undefined}
   */
  #refuse(filter, reason, error) {
    this.absent.set(filter, reason);
    if (error instanceof Error) console.error(`The filter ${filter.title} is left out: ${error.message}`);
  }
}

/**
 * @param {import("portcullis/node").LocalExecutor} executor
 * @param {string} registry
 * @param {Filter} filter
 */
async function startOnce(executor, registry, { id, version }) {
  const manifest = await readFile(join(registry, id, version, "manifest.json"));
  const manifestSha256 = createHash("sha256").update(manifest).digest("hex");
  const order = { id, version, manifestSha256, grants: [], config: undefined, limits: TRIAL_LIMITS };
  const instance = await executor.start(order, { onHostCall: () => {}, onEvent: () => {}, onEnded: () => {} }, new AbortController().signal);
  await instance.end();
}
