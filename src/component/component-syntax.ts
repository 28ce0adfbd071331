import type { FunctionType, PrimitiveType, TypeDefinition } from "./world.js";

/**
 * Type definitions and declarations as they stand in the binary, before any index is resolved:
 * type references are positions in the index space of the scope they stand in.
 */
export type TypeSyntax =
  | { readonly kind: "value"; readonly definition: TypeDefinition | TypeAlias }
  | { readonly kind: "function"; readonly type: FunctionType }
  | { readonly kind: "resource" }
  | { readonly kind: "instance"; readonly declarations: readonly Declaration[] }
  | { readonly kind: "component" };

/** A primitive type that is given a position of its own. */
export interface TypeAlias {
  readonly kind: "alias";
  readonly type: PrimitiveType;
}

export type Declaration =
  | { readonly kind: "type"; readonly type: TypeSyntax }
  | { readonly kind: "alias"; readonly alias: AliasSyntax }
  | { readonly kind: "export"; readonly name: string; readonly description: ExternDescription };

export type Sort = "core" | "function" | "value" | "type" | "component" | "instance";

export type AliasSyntax =
  | { readonly target: "core" }
  | { readonly target: "export"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly target: "outer"; readonly sort: Sort; readonly levels: number; readonly index: number };

/** What an import or export is declared to be. */
export type ExternDescription =
  | { readonly sort: "function" | "instance"; readonly type: number }
  /** `equal` is a type index, or `null` for a fresh resource (`sub resource`). */
  | { readonly sort: "type"; readonly equal: number | null }
  | { readonly sort: "core" | "value" | "component" };

export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}
