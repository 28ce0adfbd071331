import type { FunctionType, NamedFunction, TypeDefinition, TypeReference, World } from "../../../../src/component/world.js";

/** A function type from parameter names and types. */
export function functionType(parameters: Readonly<Record<string, TypeReference>>, result: TypeReference | null = null, async = false): FunctionType {
  return { async, parameters: Object.entries(parameters).map(([name, type]) => ({ name, type })), result };
}

/** A world that exports `functions` in interfaces by name, and imports nothing. */
export function worldOf(types: readonly TypeDefinition[], interfaces: Readonly<Record<string, Readonly<Record<string, FunctionType>>>>, functions: Readonly<Record<string, FunctionType>> = {}): World {
  const named = (members: Readonly<Record<string, FunctionType>>): NamedFunction[] => Object.entries(members).map(([name, type]) => ({ name, type }));
  return {
    types,
    imports: { interfaces: [], functions: [] },
    exports: {
      interfaces: Object.entries(interfaces).map(([name, members]) => ({
        name,
        functions: named(members),
        resources: types.flatMap((definition, index) => (definition.kind === "resource" && definition.owner === name ? [index] : [])),
      })),
      functions: named(functions),
    },
  };
}
