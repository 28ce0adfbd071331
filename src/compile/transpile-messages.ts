import type { World } from "../component/world.js";
import { PLUGIN_ERROR_CODES, type PluginErrorCode } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CompileTarget } from "./compile-key.js";
import type { TranspiledComponent } from "./transpile-component.js";

/** The one message that the transpiler's worker waits for. */
export interface TranspileRequest {
  /** The transpiler's core modules: compiled, or as bytes where compiled modules cannot be posted. */
  readonly core: WebAssembly.Module | Uint8Array;
  readonly core2: WebAssembly.Module | Uint8Array;
  readonly component: Uint8Array;
  readonly world: World;
  readonly target: CompileTarget;
}

/** The one message that it answers. */
export type TranspileResponse =
  | { readonly transpiled: TranspiledComponent }
  | { readonly failure: { readonly code: PluginErrorCode; readonly message: string } };

// The transpiler's output is a part of its input and glue: far below this for every component that may be loaded.
const MAXIMUM_GLUE_LENGTH = 64 * 1024 * 1024;
const MAXIMUM_CORE_MODULES = 4_096;
const CORE_MODULE_NAME = /^plugin\.core\d*\.wasm$/;

/**
 * Reads the transpiler's answer. It worked on a component that nobody vouches for, so its answer is
 * checked like any message from a worker.
 *
 * @throws {PluginError} the failure that it reports, or `transpile-failed` if the message is not an answer.
 */
export function parseTranspileResponse(message: unknown): TranspiledComponent {
  const { transpiled, failure } = fields(message);
  if (failure !== undefined) throw parseFailure(fields(failure));
  const { glue, coreModules } = fields(transpiled);
  if (typeof glue !== "string" || glue.length > MAXIMUM_GLUE_LENGTH) {
    throw malformed("its glue is not a text of bounded size");
  }
  if (!Array.isArray(coreModules) || coreModules.length > MAXIMUM_CORE_MODULES) {
    throw malformed("its core modules are not a bounded list");
  }
  const seen = new Set<string>();
  const modules = coreModules.map((item: unknown) => {
    const { name, bytes } = fields(item);
    if (typeof name !== "string" || !CORE_MODULE_NAME.test(name) || seen.has(name)) {
      throw malformed("a core module has no name of its own");
    }
    const local = localBytes(bytes);
    if (local === undefined) throw malformed(`core module ${name} has no bytes`);
    seen.add(name);
    return { name, bytes: local };
  });
  return { glue, coreModules: modules };
}

function parseFailure({ code, message }: Readonly<Record<string, unknown>>): PluginError {
  const known = PLUGIN_ERROR_CODES.find((candidate) => candidate === code);
  if (known === undefined || typeof message !== "string") return malformed("its failure has no known code");
  return new PluginError({ code: known, stage: "transpile", message: message.slice(0, 2_000) });
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw malformed("a part of it is not an object");
  return value as Readonly<Record<string, unknown>>;
}

/**
 * `value` as bytes of this realm. The worker may belong to a frame, and what it sends is then made of
 * that frame's own `Uint8Array`, which is not an instance of ours.
 */
function localBytes(value: unknown): Uint8Array | undefined {
  if (!ArrayBuffer.isView(value) || Object.prototype.toString.call(value) !== "[object Uint8Array]") return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function malformed(found: string): PluginError {
  return new PluginError({
    code: "transpile-failed",
    stage: "transpile",
    message: `Cannot transpile the component: the transpiler's worker sent something that is not an answer (${found})`,
  });
}
