import { arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../../bytes/json-forms.js";
import { parseDocument, type JsonParser } from "../../bytes/json-parser.js";
import { fromUtf8 } from "../../bytes/utf8.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import type { StartMessage } from "../executor/process-frames.js";

/** What a native process is told to load. */
export type NativeStart = Pick<StartMessage, "pluginId" | "directory" | "interfaceName" | "methods" | "messageBytes" | "memoryBytes"> & {
  readonly library: string;
  readonly interfaceHash: bigint;
  /** By target. */
  readonly exports: ReadonlyMap<string, BridgeFunction>;
  readonly imports: ReadonlyMap<string, BridgeFunction>;
};

const text = textOf({ test: () => true, wanted: "text" });
const size = wholeNumberFrom(0);
// The executor made the types of the manifest's world, which was checked where the package was admitted.
const described = ((value: unknown) => value) as JsonParser<BridgeFunction["arguments"]>;
const functions = arrayOf(objectOf({ target: text, arguments: described, ok: described, err: described, fallible: oneOf(true, false) }));

const startForm = objectOf({
  pluginId: text,
  directory: text,
  library: text,
  interfaceHash: textOf({ test: (digits) => /^[0-9a-f]{16}$/.test(digits), wanted: "16 hexadecimal digits" }),
  interfaceName: text,
  methods: arrayOf(objectOf({ function: text, raw: oneOf(true, false), takesStream: oneOf(true, false) }, { item: described, produces: text, optionalBit: size }), 1024),
  exports: functions,
  imports: functions,
  messageBytes: size,
  memoryBytes: size,
}, { config: described });

/** @throws {PluginError} `instantiate-failed` */
export function parseStart(payload: Uint8Array): NativeStart {
  const refuse = (reason: string): Error => new PluginError({ code: "instantiate-failed", stage: "instantiate", message: `Cannot start a native plugin: what to load is not told as it must be: ${reason}` });
  const document = fromUtf8(payload);
  if (document === undefined) throw refuse("it is no text");
  const { interfaceHash, exports, imports, ...start } = parseDocument(startForm, parseJson(document, refuse), "start", refuse);
  return { ...start, interfaceHash: BigInt(`0x${interfaceHash}`), exports: byTarget(exports), imports: byTarget(imports) };
}

function parseJson(document: string, refuse: (reason: string) => Error): unknown {
  try {
    return JSON.parse(document);
  } catch {
    throw refuse("it is no JSON");
  }
}

function byTarget(list: readonly BridgeFunction[]): ReadonlyMap<string, BridgeFunction> {
  return new Map(list.map((described) => [described.target, described]));
}
