/**
 * What a component imports and exports, as plain JSON: the form that the decoder produces, the manifest
 * carries, the interface hash is taken over and the value checks are made from.
 *
 * Terms and structure follow the component model's explainer (design/mvp/Explainer.md, "Type definitions").
 */

/** The types without structure. `error-context` belongs to WASI 0.3. */
export const PRIMITIVE_TYPES = [
  "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64",
  "f32", "f64", "char", "string", "error-context",
] as const;

export type PrimitiveType = (typeof PRIMITIVE_TYPES)[number];

/** A primitive by its name, or the position of a definition in {@link World.types}. */
export type TypeReference = PrimitiveType | number;

/** A record's field, or a function's parameter. `name` is kebab-case, as in WIT. */
export interface NamedType {
  readonly name: string;
  readonly type: TypeReference;
}

/** Where a type got its name: kept for generated TypeScript, never part of the interface hash. */
export interface TypeName {
  /** The type's kebab-case name. */
  readonly name?: string;
  /** The full name of the interface that defines it, such as `darkroom:filters/filter@1.0.0`; `$root` for the world itself. */
  readonly owner?: string;
}

export type TypeDefinition =
  | (TypeName & { readonly kind: "record"; readonly fields: readonly NamedType[] })
  | (TypeName & { readonly kind: "variant"; readonly cases: readonly VariantCase[] })
  | (TypeName & { readonly kind: "enum"; readonly cases: readonly string[] })
  | (TypeName & { readonly kind: "flags"; readonly names: readonly string[] })
  | (TypeName & { readonly kind: "tuple"; readonly items: readonly TypeReference[] })
  /** `length` is given for fixed-length lists only. */
  | (TypeName & { readonly kind: "list"; readonly element: TypeReference; readonly length?: number })
  | (TypeName & { readonly kind: "option"; readonly value: TypeReference })
  | (TypeName & { readonly kind: "result"; readonly ok: TypeReference | null; readonly err: TypeReference | null })
  /** `resource` is the position of a `resource` definition. */
  | (TypeName & { readonly kind: "own"; readonly resource: number })
  | (TypeName & { readonly kind: "borrow"; readonly resource: number })
  | (TypeName & { readonly kind: "stream"; readonly element: TypeReference | null })
  | (TypeName & { readonly kind: "future"; readonly value: TypeReference | null })
  /** A resource is nominal: the same name in another interface is another resource. */
  | { readonly kind: "resource"; readonly name: string; readonly owner: string };

export interface VariantCase {
  readonly name: string;
  readonly type: TypeReference | null;
}

export interface FunctionType {
  /** Declared `async func` (WASI 0.3 ABI). */
  readonly async: boolean;
  readonly parameters: readonly NamedType[];
  readonly result: TypeReference | null;
}

/** `name` is the component-level name: `apply`, `[constructor]blob`, `[method]blob.read`, `[static]blob.merge`. */
export interface NamedFunction {
  readonly name: string;
  readonly type: FunctionType;
}

export interface InterfaceShape {
  /** Full name with version, such as `wasi:io/poll@0.2.12`; or a plain kebab name for an inline interface. */
  readonly name: string;
  readonly functions: readonly NamedFunction[];
  /** Positions in {@link World.types} of the resources that this interface defines. */
  readonly resources: readonly number[];
}

/** One direction of a world. `functions` stand directly in the world, outside any interface. */
export interface WorldSide {
  readonly interfaces: readonly InterfaceShape[];
  readonly functions: readonly NamedFunction[];
}

export interface World {
  /** In the order of first use. A definition refers only to earlier ones, so there are no cycles. */
  readonly types: readonly TypeDefinition[];
  readonly imports: WorldSide;
  readonly exports: WorldSide;
}
