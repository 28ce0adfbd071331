import { type BincodeForms, type BincodeType, bincodeType } from "../../bincode/bincode-type.js";
import { resultSides } from "../../component/result-sides.js";
import type { NamedFunction, World, WorldSide } from "../../component/world.js";

/** How the values of one function cross to and from a bridge: as bincode of these types. Resources are numbers. */
export interface BridgeFunction {
  /** `interface#function`, by component-level names; `#function` for one that stands in the world itself. */
  readonly target: string;
  /** The arguments' tuple; a method's first is its resource. */
  readonly arguments: Extract<BincodeType, { kind: "tuple" }>;
  /** The value of an `ok` answer; `null` for none. */
  readonly ok: BincodeType | null;
  /** The payload of an `err` answer; `null` for none. */
  readonly err: BincodeType | null;
  /** Whether it can answer with `err` at all. */
  readonly fallible: boolean;
}

const RESOURCE = "u32";

/**
 * Every function of one side of a world, by target.
 *
 * @param names - how records name their fields: as JavaScript or as WIT does.
 * @throws {BincodeProblem} for a type that bincode cannot carry.
 */
export function bridgeFunctions(world: World, side: WorldSide, names: "javascript" | "wit" = "javascript"): ReadonlyMap<string, BridgeFunction> {
  const forms: BincodeForms = { names, resource: RESOURCE };
  const describe = (target: string, { type }: NamedFunction): readonly [string, BridgeFunction] => {
    const { ok, err, fallible } = resultSides(world, type.result);
    return [target, {
      target,
      arguments: { kind: "tuple", items: type.parameters.map((parameter) => bincodeType(world, parameter.type, forms)) },
      ok: ok === null ? null : bincodeType(world, ok, forms),
      err: err === null ? null : bincodeType(world, err, forms),
      fallible,
    }];
  };
  return new Map([
    ...side.functions.map((named) => describe(`#${named.name}`, named)),
    ...side.interfaces.flatMap((shape) => shape.functions.map((named) => describe(`${shape.name}#${named.name}`, named))),
  ]);
}
