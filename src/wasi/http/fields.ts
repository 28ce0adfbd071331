import { isForbiddenField, isToken } from "../../capability/http-fields.js";
import { ImportError } from "../guest-context.js";
import { isFieldValue } from "./field-value.js";

export type FieldEntry = readonly [name: string, value: Uint8Array];

// No request may have as many. Checked here, so that one object of a guest does not grow without end.
const MOST_ENTRIES = 1_024;

/** `wasi:http/types` `fields`: headers, or trailers. Names are compared without case, and given back as they were written. */
export class Fields {
  #entries: readonly FieldEntry[] = [];
  #isImmutable = false;

  static fromList(entries: readonly FieldEntry[]): Fields {
    for (const [name, value] of entries) checkField(name, value);
    if (entries.length > MOST_ENTRIES) throw new ImportError({ tag: "forbidden" });
    return Fields.of(entries, false);
  }

  /** Fields of an answer, which no rule for requests holds for. */
  static of(entries: readonly FieldEntry[], isImmutable: boolean): Fields {
    const fields = new Fields();
    fields.#entries = entries;
    fields.#isImmutable = isImmutable;
    return fields;
  }

  get(name: string): Uint8Array[] {
    return this.#entries.flatMap((entry) => (isNamed(entry, name) ? [entry[1]] : []));
  }
  has(name: string): boolean {
    return this.#entries.some((entry) => isNamed(entry, name));
  }
  set(name: string, values: readonly Uint8Array[]): void {
    this.#checkMutable();
    checkName(name);
    for (const value of values) checkField(name, value);
    this.#replace([...this.#without(name), ...values.map((value): FieldEntry => [name, value])]);
  }
  delete(name: string): void {
    this.#checkMutable();
    if (!isToken(name)) throw new ImportError({ tag: "invalid-syntax" });
    this.#replace(this.#without(name));
  }
  append(name: string, value: Uint8Array): void {
    this.#checkMutable();
    checkField(name, value);
    this.#replace([...this.#entries, [name, value]]);
  }
  entries(): FieldEntry[] {
    return this.#entries.map(([name, value]) => [name, value]);
  }
  clone(): Fields {
    return Fields.of(this.#entries, false);
  }

  #without(name: string): readonly FieldEntry[] {
    return this.#entries.filter((entry) => !isNamed(entry, name));
  }
  #checkMutable(): void {
    if (this.#isImmutable) throw new ImportError({ tag: "immutable" });
  }
  #replace(entries: readonly FieldEntry[]): void {
    if (entries.length > MOST_ENTRIES) throw new ImportError({ tag: "forbidden" });
    this.#entries = entries;
  }
}

function isNamed([name]: FieldEntry, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase();
}

function checkField(name: string, value: Uint8Array): void {
  checkName(name);
  if (!isFieldValue(value)) throw new ImportError({ tag: "invalid-syntax" });
}

function checkName(name: string): void {
  if (!isToken(name)) throw new ImportError({ tag: "invalid-syntax" });
  if (isForbiddenField(name.toLowerCase())) throw new ImportError({ tag: "forbidden" });
}
