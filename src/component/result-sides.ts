import { definitionAt, type TypeTable } from "./type-words.js";
import type { TypeReference } from "./world.js";

/** What a function answers with, and what it fails with. */
export interface ResultSides {
  /** `null` for nothing. */
  readonly ok: TypeReference | null;
  readonly err: TypeReference | null;
  /** Whether it can fail at all: its type is a `result`. */
  readonly fallible: boolean;
}

/** The sides of a function's result type. Of a `result` at the top, the error is thrown in JavaScript, and not returned. */
export function resultSides(world: TypeTable, result: TypeReference | null): ResultSides {
  const definition = typeof result === "number" ? definitionAt(world, result) : undefined;
  if (definition?.kind !== "result") return { ok: result, err: null, fallible: false };
  return { ok: definition.ok, err: definition.err, fallible: true };
}
