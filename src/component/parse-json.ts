import { parseDocument, type JsonParser } from "../bytes/json-parser.js";
import { PluginError } from "../errors/plugin-error.js";

export { parseArray, parseIndex, parseMembers, parseString, refuseJson } from "../bytes/json-parser.js";

/** Reads a manifest's world or a descriptor. @throws {PluginError} `manifest-invalid`, naming where it is wrong */
export function parseInterfaceJson<T>(parse: JsonParser<T>, value: unknown, path: string): T {
  return parseDocument(parse, value, path, (reason) => new PluginError({
    code: "manifest-invalid",
    stage: "verify",
    message: `Cannot read the interface: ${reason}; make it again with the portcullis command that wrote it`,
  }));
}
