import type { GuestContext, ImportImplementation } from "./guest-context.js";

/**
 * wasi:config, given with the capability `config`: the values that the app set for this plugin. `store` is the name in
 * wasi:config 0.2.0-rc.1 and `runtime` the one of the draft before it; both have the same two functions.
 */
export function configImplementations({ authority }: GuestContext): readonly (readonly [string, ImportImplementation])[] {
  const values = new Map(authority.config);
  const implementation: ImportImplementation = {
    functions: new Map<string, (...values: never[]) => unknown>([
      ["get", (key: string) => values.get(key)],
      ["get-all", () => [...values]],
    ]),
    resources: new Map(),
  };
  return [
    ["wasi:config/store", implementation],
    ["wasi:config/runtime", implementation],
  ];
}
