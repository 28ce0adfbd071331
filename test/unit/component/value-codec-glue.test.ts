import { beforeAll, describe, expect, test } from "vitest";
import { callableFunctions, type CallableFunction } from "../../../src/component/callable-functions.js";
import { toCamelCase } from "../../../src/component/javascript-names.js";
import { collectTransferables, compileResourceMapping } from "../../../src/component/resource-mapping.js";
import { definitionAt } from "../../../src/component/type-words.js";
import { compileCodec } from "../../../src/component/value-codec.js";
import type { TypeReference, World } from "../../../src/component/world.js";
import { countersInterface, typeCases, valuesInterface } from "../../fixtures/type-cases.js";
import { fixtureComponents } from "./support/fixture-components.js";
import { runComponent, type RunningComponent } from "./support/glue.js";

type Callable = (...values: unknown[]) => unknown;

/** A function's `ok` and `err` as the glue gives them: returned and thrown. */
function outcomeTypes(world: World, type: TypeReference | null): { readonly ok: TypeReference | null; readonly err: TypeReference | null } {
  const definition = typeof type === "number" ? definitionAt(world, type) : null;
  return definition?.kind === "result" ? definition : { ok: type, err: null };
}

/** Passes a call through the checks, a structured clone in place of a worker's message, and the real glue. */
function call(world: World, callable: CallableFunction, target: Callable, values: readonly unknown[]): unknown {
  const budget = { remaining: 64 * 1024 * 1024 };
  const transfer: ArrayBuffer[] = [];
  const lowered = callable.type.parameters.map((parameter, index) =>
    compileCodec(world, parameter.type).lower(values[index], parameter.name, { budget, transfer, transferable: new Set(), resource: () => 0 }));
  const wire = structuredClone(lowered, { transfer });
  const { ok, err } = outcomeTypes(world, callable.type.result);
  const lift = (value: unknown, type: TypeReference | null) => {
    const buffers: ArrayBuffer[] = [];
    collectTransferables(world, type)?.(value, buffers);
    return compileCodec(world, type).lift(structuredClone(value, { transfer: buffers }), "result", { budget, resource: () => undefined });
  };
  let result: unknown;
  try {
    result = target(...wire);
  } catch (thrown) {
    if (thrown instanceof Error && Object.hasOwn(thrown, "payload")) return { error: lift(Reflect.get(thrown, "payload"), err) };
    throw thrown;
  }
  return { result: lift(result, ok) };
}

describe.each(["types-c.wasm", "types-rust.wasm"])("%s behind the transpiler's glue", (file) => {
  let component: RunningComponent;
  let functions: ReadonlyMap<string, CallableFunction>;

  beforeAll(async () => {
    const bytes = fixtureComponents().get(file);
    if (bytes === undefined) throw new Error(`${file} is missing`);
    component = await runComponent(bytes);
    functions = callableFunctions(component.world).functions;
  });

  test.each(typeCases.map((typeCase, index) => [`${index} ${typeCase.name}`, typeCase] as const))("%s", (_title, typeCase) => {
    const key = toCamelCase(typeCase.name);
    const callable = functions.get(key);
    const values = component.exports[valuesInterface] as Record<string, Callable>;
    const target = values[key];
    if (callable === undefined || target === undefined) throw new Error(`${key} is not exported`);
    const wanted = "error" in typeCase ? { error: typeCase.error } : { result: typeCase.result };
    expect(call(component.world, callable, target, typeCase.arguments)).toEqual(wanted);
  });

  test("resources become numbers and numbers become resources, wherever they stand", () => {
    const { world } = component;
    const counters = component.exports[countersInterface] as Record<string, Callable>;
    const table = new Map<unknown, unknown>();
    const resultOf = (key: string) => functions.get(key)?.type.result ?? null;
    const toNumbers = (key: string, value: unknown) =>
      compileResourceMapping(world, outcomeTypes(world, resultOf(key)).ok)?.(value, (item) => {
        table.set(table.size, item);
        return table.size - 1;
      });
    const toResources = (key: string, value: unknown) =>
      compileResourceMapping(world, functions.get(key)?.type.parameters[0]?.type ?? null)?.(value, (id) => table.get(id));
    const target = (key: string): Callable => counters[key] ?? (() => { throw new Error(`${key} is not exported`); });

    expect(toNumbers("createMany", target("createMany")(3))).toEqual([0, 1, 2]);
    expect(toNumbers("createMaybe", target("createMaybe")(7))).toBe(3);
    expect(toNumbers("createMaybe", target("createMaybe")(undefined))).toBeUndefined();
    expect(toNumbers("createLabelled", target("createLabelled")("five", 5))).toEqual({ label: "five", item: 4 });
    expect(toNumbers("createChecked", target("createChecked")(9))).toBe(5);
    expect(target("peek")(toResources("peek", 4))).toBe(5);
    expect(target("sum")(toResources("sum", [3, 4, 5]))).toBe(21);
    expect(target("finish")(toResources("finish", 3))).toBe(7);
    expect(compileResourceMapping(world, functions.get("finish")?.type.result ?? null)).toBeNull();
  });
});
