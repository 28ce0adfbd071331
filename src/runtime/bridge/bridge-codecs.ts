import { BincodeProblem } from "../../bincode/bincode-type.js";
import { decodeBincode } from "../../bincode/decode-bincode.js";
import { encodeBincode } from "../../bincode/encode-bincode.js";
import { compileResourceMapping } from "../../component/resource-mapping.js";
import { streamResources } from "../../component/stream-resources.js";
import type { World } from "../../component/world.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { HostAnswer, Outcome } from "../../rpc/messages.js";
import { type BridgeFunction, bridgeFunctions } from "./bridge-functions.js";
import type { AnswerFrame, HostAnswerFrame } from "./frames.js";

/** What crosses between one plugin's instances and their bridge. */
export interface BridgeCodecs {
  readonly exports: ReadonlyMap<string, BridgeFunction>;
  readonly imports: ReadonlyMap<string, BridgeFunction>;
}

const NOTHING = new Uint8Array();

/**
 * The codecs of a plugin's world.
 *
 * @throws {PluginError} `component-unsupported` for what a bridge does not carry: flags, lists of a fixed length, WASI 0.3's types,
 *   resources that are no streams, and resources of the app.
 */
export function bridgeCodecs(world: World, pluginId: string): BridgeCodecs {
  const streams = streamResources(world, world.exports);
  const other = world.exports.interfaces.flatMap(({ resources }) => resources).find((resource) => !streams.has(resource));
  const unsupported = (reason: string): PluginError => new PluginError({
    code: "component-unsupported", stage: "admit", pluginId,
    message: `Cannot load ${pluginId}: ${reason}. Plugins behind a bridge can use records, variants, enums, lists, options, tuples, results, and resources with a method \`next\``,
  });
  if (other !== undefined) throw unsupported("it exports a resource that is no stream");
  for (const { name, functions } of world.imports.interfaces) {
    const using = functions.find(({ type }) => [...type.parameters.map((parameter) => parameter.type), type.result].some((type) => compileResourceMapping(world, type) !== null));
    if (using !== undefined) throw unsupported(`it imports ${name}#${using.name}, which takes or returns a resource of the app`);
  }
  try {
    return { exports: bridgeFunctions(world, world.exports), imports: bridgeFunctions(world, world.imports) };
  } catch (error) {
    if (!(error instanceof BincodeProblem)) throw error;
    throw unsupported(`it has a function of whose values ${error.message}`);
  }
}

/**
 * How a call ended, in values of its types.
 *
 * @throws {PluginError} `result-invalid` for bytes that are no such value.
 */
export function readAnswer(answer: AnswerFrame, { target, ok, err, fallible }: BridgeFunction, pluginId: string): Outcome {
  const invalid = (reason: string): PluginError => new PluginError({ code: "result-invalid", stage: "call", pluginId, message: `Cannot accept what ${target} of ${pluginId} answered: ${reason}` });
  const read = (type: BridgeFunction["ok"], bytes: Uint8Array): unknown => {
    try {
      if (type !== null) return decodeBincode(type, bytes, "the answer");
    } catch (error) {
      throw error instanceof BincodeProblem ? invalid(error.message) : error;
    }
    if (bytes.length > 0) throw invalid("it has bytes, and the function answers with nothing");
    return undefined;
  };
  switch (answer.tag) {
    case "ok": return { kind: "ok", value: read(ok, answer.val) };
    case "err": {
      if (!fallible) throw invalid("it is an error, and the function declares none");
      return { kind: "err", value: read(err, answer.val) };
    }
    case "denied": return { kind: "denied", authority: answer.val.authority, import: answer.val.import };
    case "trap": return { kind: "trap", message: answer.val };
    case "resource-invalid": return { kind: "resource-invalid", message: answer.val };
    case "host-failed": return { kind: "host-failed", message: answer.val };
    case "failed": return { kind: "trap", message: answer.val.message };
  }
}

/** The page's answer to a host call, as bytes of its types. */
export function writeHostAnswer(answer: HostAnswer, { ok, err }: BridgeFunction): HostAnswerFrame {
  const write = (type: BridgeFunction["ok"], value: unknown): Uint8Array => (type === null ? NOTHING : encodeBincode(type, value, "the answer"));
  switch (answer.kind) {
    case "ok": return { tag: "ok", val: write(ok, answer.value) };
    case "err": return { tag: "err", val: write(err, answer.value) };
    case "denied": return { tag: "denied", val: { authority: answer.authority, import: answer.import } };
    case "failed": return { tag: "failed", val: answer.message };
  }
}
