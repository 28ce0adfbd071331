import type { CallableFunction } from "../component/callable-functions.js";
import { resultSides } from "../component/result-sides.js";
import { compileCodec, type LiftContext, type LowerContext, type ValueCodec } from "../component/value-codec.js";
import type { TypeReference, World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";

/** Turns a function's arguments into wire values and its answers into values of the app, checking both. */
export interface FunctionCodec {
  /** @throws {PluginError} `argument-invalid`, `resource-invalid`, `component-unsupported`. */
  lower(values: readonly unknown[], context: LowerContext): unknown[];
  /** @throws {PluginError} `result-invalid`. */
  liftOk(value: unknown, context: LiftContext): unknown;
  liftErr(value: unknown, context: LiftContext): unknown;
}

export function compileFunctionCodec(world: World, callable: CallableFunction, pluginId: string): FunctionCodec {
  const isMethod = callable.kind === "method";
  const parameters = (isMethod ? callable.type.parameters.slice(1) : callable.type.parameters).map((parameter) => ({
    name: parameter.name,
    codec: compileCodec(world, parameter.type),
  }));
  const sides = resultSides(world, callable.type.result);
  const ok = optionalCodec(world, sides.ok);
  const err = optionalCodec(world, sides.err);
  return {
    lower(values, context) {
      if (values.length !== parameters.length) throw wrongCount(callable, parameters.map(({ name }) => name), values.length, pluginId);
      return parameters.map(({ name, codec }, position) => codec.lower(values[position], name, context));
    },
    liftOk: (value, context) => ok?.lift(value, "result", context),
    liftErr(value, context) {
      if (!sides.fallible) throw unexpectedError(callable, pluginId);
      return err?.lift(value, "error", context);
    },
  };
}

function optionalCodec(world: World, type: TypeReference | null): ValueCodec | undefined {
  return type === null ? undefined : compileCodec(world, type);
}

function unexpectedError({ key }: CallableFunction, pluginId: string): PluginError {
  const message = `Cannot call ${key} of ${pluginId}: it answered with an error, and declares none`;
  return new PluginError({ code: "result-invalid", stage: "call", pluginId, message });
}

function wrongCount(callable: CallableFunction, names: readonly string[], found: number, pluginId: string): PluginError {
  const wanted = names.length === 0 ? "none" : `${names.length} (${names.join(", ")})`;
  const message = `Cannot call ${callable.key} of ${pluginId}: found ${found} arguments, wanted ${wanted}`;
  return new PluginError({ code: "argument-invalid", stage: "call", pluginId, message });
}
