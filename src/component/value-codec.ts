import { PluginError } from "../errors/plugin-error.js";
import { convertList, convertNumericList, convertTuple } from "./convert-lists.js";
import { primitive, type Convert } from "./convert-primitives.js";
import { convertEnum, convertFlags, convertOption, convertRecord, convertVariant } from "./convert-structures.js";
import { NUMERIC_LISTS } from "./numeric-arrays.js";
import { definitionAt, typeWords, type TypeTable } from "./type-words.js";
import { refuseValue, ValuePosition, type LiftContext, type LowerContext } from "./value-context.js";
import type { TypeDefinition, TypeReference } from "./world.js";

export { MessageTooLarge } from "./value-context.js";
export type { LiftContext, LowerContext, ValueBudget } from "./value-context.js";

/** Checks and carries values of one type between app and plugin, in the shapes that jco documents. */
export interface ValueCodec {
  /**
   * The app's value, checked and copied into what can be posted to the plugin. `path` names it in messages.
   *
   * @throws {PluginError} `argument-invalid`, with path, wanted type and what was found; or what the context throws.
   */
  lower(value: unknown, path: string, context: LowerContext): unknown;
  /**
   * A value that came from the plugin, which is not trusted: checked and rebuilt from its own properties.
   *
   * @throws {PluginError} `result-invalid`, in the same way.
   */
  lift(value: unknown, path: string, context: LiftContext): unknown;
}

/**
 * Compiles the checks for `type` into closures, once, without evaluating code. `null` is the type of a
 * function without result. Values of error contexts are refused when they are met; so are streams and futures, unless the
 * context carries them.
 */
export function compileCodec(world: TypeTable, type: TypeReference | null): ValueCodec {
  const convert = type === null ? convertNothing : new CodecCompiler(world).convert(type);
  return {
    lower: (value, path, context) => convert(value, { lowering: true, context, position: new ValuePosition(path) }),
    lift: (value, path, context) => convert(value, { lowering: false, context, position: new ValuePosition(path) }),
  };
}

const convertNothing: Convert = (value, conversion) => (value === undefined ? undefined : refuseValue(value, "nothing", conversion));

class CodecCompiler {
  readonly #world: TypeTable;
  /** By type, so that types which share parts share their checks. */
  readonly #compiled = new Map<TypeReference, Convert>();

  constructor(world: TypeTable) {
    this.#world = world;
  }

  convert(type: TypeReference): Convert {
    let convert = this.#compiled.get(type);
    if (convert === undefined) {
      const words = typeWords(this.#world, type);
      convert = typeof type === "number" ? this.#compile(definitionAt(this.#world, type), type, words) : type === "error-context" ? refuseUnsupported(words) : primitive(type);
      this.#compiled.set(type, convert);
    }
    return convert;
  }

  #compile(definition: TypeDefinition, type: number, words: string): Convert {
    const optional = (type: TypeReference | null) => (type === null ? null : this.convert(type));
    switch (definition.kind) {
      case "record": return convertRecord(definition.fields.map(({ name, type }) => ({ name, convert: this.convert(type) })), words);
      case "variant": return convertVariant(definition.cases.map(({ name, type }) => ({ name, convert: optional(type) })), words, false);
      case "enum": return convertEnum(definition.cases, words);
      case "flags": return convertFlags(definition.names, words);
      case "tuple": return convertTuple(definition.items.map((type) => this.convert(type)), words);
      case "list": return this.#list(definition.element, definition.length, words);
      case "option": return this.#option(definition.value, words);
      case "result": return convertVariant([{ name: "ok", convert: optional(definition.ok) }, { name: "err", convert: optional(definition.err) }], words, true);
      case "own":
      case "borrow": return convertResource(definition.resource, definition.kind, words);
      case "stream":
      case "future": return convertCarrier(type, words);
      default: return refuseUnsupported(words);
    }
  }

  #list(element: TypeReference, length: number | undefined, words: string): Convert {
    const numeric = length === undefined ? NUMERIC_LISTS.get(element) : undefined;
    return numeric !== undefined && typeof element === "string" ? convertNumericList(element, numeric) : convertList(this.convert(element), length, words);
  }

  /** An option directly in an option is told apart by tags, since `undefined` could be either. */
  #option(value: TypeReference, words: string): Convert {
    const inner = this.convert(value);
    const nested = typeof value === "number" && definitionAt(this.#world, value).kind === "option";
    return nested ? convertVariant([{ name: "none", convert: null }, { name: "some", convert: inner }], words, false) : convertOption(inner);
  }
}

function convertResource(resource: number, mode: "own" | "borrow", words: string): Convert {
  return (value, conversion) => {
    const { position } = conversion;
    if (conversion.lowering) return conversion.context.resource(value, resource, mode, position.path());
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) return refuseValue(value, `the number of a resource (${words})`, conversion);
    return conversion.context.resource(value, resource, mode, position.path());
  };
}

function convertCarrier(type: number, words: string): Convert {
  const refuse = refuseUnsupported(words);
  return (value, conversion) => {
    const { position, context } = conversion;
    if (context.carrier === undefined) return refuse(value, conversion);
    if (conversion.lowering) return conversion.context.carrier?.(value, type, position.path());
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) return refuseValue(value, `the number of a ${words}`, conversion);
    return conversion.context.carrier?.(value, type, position.path());
  };
}

function refuseUnsupported(words: string): Convert {
  return (_value, { position }) => {
    throw new PluginError({
      code: "component-unsupported",
      stage: "call",
      message: `Cannot pass ${position.path()}: values of type ${words} cannot be passed between app and plugin yet; use a function without it`,
    });
  };
}
