import { parseFunctionName } from "./component-names.js";
import { resultSides } from "./result-sides.js";
import { definitionAt } from "./type-words.js";
import type { FunctionType, TypeReference, World, WorldSide } from "./world.js";

/** A resource that is a stream: it has a method `next` which gives one item, or none at the end. */
export interface StreamShape {
  readonly item: TypeReference;
  /** The item is itself an option, so that `next` answers with tags. */
  readonly isNested: boolean;
}

const known = new WeakMap<WorldSide, ReadonlyMap<number, StreamShape>>();

/**
 * The resources of `side` that are streams, by their position in {@link World.types}: those that have
 * `next: func() -> option<T>` or `next: func() -> result<option<T>, E>`.
 */
export function streamResources(world: World, side: WorldSide): ReadonlyMap<number, StreamShape> {
  const found = known.get(side) ?? new Map(streamsOf(world, side));
  known.set(side, found);
  return found;
}

/** The stream that a function of `side` answers with, alone or as the success of a `result`. */
export function producedStream(world: World, side: WorldSide, { result }: FunctionType): StreamShape | undefined {
  const { ok } = resultSides(world, result);
  const answer = typeof ok === "number" ? definitionAt(world, ok) : undefined;
  return answer?.kind === "own" ? streamResources(world, side).get(answer.resource) : undefined;
}

/** Whether the component-level `name` is the method that gives a stream's next item. */
export function isStep(name: string): boolean {
  const role = parseFunctionName(name);
  return role?.kind === "method" && role.name === "next";
}

function* streamsOf(world: World, { interfaces }: WorldSide): Iterable<readonly [number, StreamShape]> {
  for (const { functions } of interfaces) {
    for (const { name, type } of functions) {
      const [self] = type.parameters;
      const reference = typeof self?.type === "number" ? definitionAt(world, self.type) : undefined;
      const shape = isStep(name) ? shapeOf(world, type) : undefined;
      if (reference?.kind === "borrow" && shape !== undefined) yield [reference.resource, shape];
    }
  }
}

function shapeOf(world: World, { async, parameters, result }: FunctionType): StreamShape | undefined {
  if (async || parameters.length !== 1) return undefined;
  const { ok } = resultSides(world, result);
  const answer = typeof ok === "number" ? definitionAt(world, ok) : undefined;
  if (answer?.kind !== "option") return undefined;
  const isNested = typeof answer.value === "number" && definitionAt(world, answer.value).kind === "option";
  return { item: answer.value, isNested };
}
