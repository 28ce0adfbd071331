import { BincodeProblem } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import type { Capability } from "../../capability/capability.js";
import { deniedValue } from "../../capability/denied-value.js";
import { intersectCapabilities } from "../../capability/include-capability.js";
import { permitsArguments } from "../../capability/text-pattern.js";
import type { NamedFunction, World } from "../../component/world.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import type { ExecutorHostAnswer } from "../executor/executor.js";

/** What becomes of a plugin's call of its app. */
export type HostCallVerdict =
  | { readonly kind: "permitted" }
  /** Nobody is asked. `answer` is for the plugin. */
  | { readonly kind: "denied"; readonly authority: string; readonly import: string; readonly answer: ExecutorHostAnswer }
  /** It is of no form that our runtimes make. */
  | { readonly kind: "malformed"; readonly reason: string };

interface ImportedFunction {
  readonly interfaceName: string;
  readonly named: NamedFunction;
  readonly described: BridgeFunction;
}

/**
 * The grants of one instance, at every call that it makes of its app. The page checks the same again: here it is checked because
 * the page's check is the page's, and a call that is not granted should not travel.
 */
export class HostCallGate {
  readonly #world: World;
  readonly #functions: ReadonlyMap<string, ImportedFunction>;
  #grants: readonly Capability[];

  /** @param imports - of the plugin's world, as `bridgeCodecs` describes them. */
  constructor(world: World, imports: ReadonlyMap<string, BridgeFunction>, grants: readonly Capability[]) {
    this.#world = world;
    this.#grants = grants;
    this.#functions = new Map(world.imports.interfaces.flatMap(({ name, functions }) => functions.flatMap((named) => {
      const described = imports.get(`${name}#${named.name}`);
      return described === undefined ? [] : [[described.target, { interfaceName: name, named, described }] as const];
    })));
  }

  get grants(): readonly Capability[] {
    return this.#grants;
  }

  /** From now on it has only what is in `grants` too. */
  narrow(grants: readonly Capability[]): void {
    this.#grants = intersectCapabilities(this.#grants, grants);
  }

  judge(target: string, bytes: Uint8Array): HostCallVerdict {
    const found = this.#functions.get(target);
    if (found === undefined) return { kind: "malformed", reason: `a call of ${JSON.stringify(target.slice(0, 200))}, which it does not import` };
    const { interfaceName, named: { name, type }, described } = found;
    let values: readonly unknown[];
    try {
      values = decodeBincode(described.arguments, bytes, "arguments") as readonly unknown[];
    } catch (error) {
      if (!(error instanceof BincodeProblem)) throw error;
      return { kind: "malformed", reason: `a call of ${target} of which the ${error.message}` };
    }
    // Patterns name parameters; a method's object is not one of the words.
    const named = new Map(type.parameters.map((parameter, position) => [parameter.name, values[position]]));
    const isPermitted = this.#grants.some((grant) => grant.kind === "host" && grant.interfaceName === interfaceName && permitsArguments(grant, name, named));
    return isPermitted ? { kind: "permitted" } : { kind: "denied", authority: "host", import: target, answer: this.#denial(found) };
  }

  /** The function's own error where it has one that says so: the plugin goes on then. */
  #denial({ named: { type }, described: { target, err } }: ImportedFunction): ExecutorHostAnswer {
    const denied = deniedValue(this.#world, type.result, target);
    if (denied === undefined || err === null) return { kind: "denied", authority: "host", import: target };
    return { kind: "err", bytes: encodeBincode(err, denied.payload, "the denial") };
  }
}
