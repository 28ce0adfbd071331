// ECMAScript's reserved words, those of strict mode, and the names that cannot be a parameter's.
const RESERVED: ReadonlySet<string> = new Set((
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if " +
  "implements import in instanceof interface let new null package private protected public return static super switch this throw true try " +
  "typeof var void while with yield"
).split(" "));

/** Global and imported names that generated code refers to. */
const TAKEN_TYPE_NAMES: readonly string[] = [
  "Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "BigUint64Array", "BigInt64Array", "Float32Array", "Float64Array",
  "InterfaceDescriptor", "HostInterfaceDescriptor", "World", "PluginResource", "PluginStream", "PluginItems", "StreamSource", "Promise", "ReadableStream",
];

/** `name` as a variable or parameter may be called. */
export function toIdentifier(name: string): string {
  return RESERVED.has(name) ? `${name}_` : name;
}

/** `name` as a member is written: quoted where TypeScript would read something else. */
export function toMemberName(name: string): string {
  return /^[A-Za-z]\w*$/.test(name) && name !== "new" ? name : JSON.stringify(name);
}

/** Gives out names of types, each once. */
export class TypeNames {
  readonly #taken = new Set<string>(TAKEN_TYPE_NAMES);

  /** The first of `candidates` that is free; else the last with a number. */
  take(...candidates: readonly string[]): string {
    const last = candidates.at(-1) ?? "Type";
    let name = candidates.find((candidate) => !this.#taken.has(candidate));
    for (let number = 2; name === undefined; number += 1) {
      if (!this.#taken.has(`${last}${number}`)) name = `${last}${number}`;
    }
    this.#taken.add(name);
    return name;
  }
}
