import type { GuestContext, ImportImplementation, ResourceClass } from "../guest-context.js";
import type { ImportExtension } from "../import-table.js";
import { ErrorResource } from "../io.js";
import { Descriptor } from "./descriptor.js";
import { DescriptorReference } from "./descriptor-reference.js";
import { DirectoryEntryStream } from "./directory-entry-stream.js";

/** wasi:filesystem over the directories that were granted. Without any it gives nothing, and all of it is denied. */
export const filesystemExtension: ImportExtension = (context) => {
  if (!context.grants.has("fs") || context.authority.directories.length === 0) return [];
  return [["wasi:filesystem/types", types()], ["wasi:filesystem/preopens", preopens(context)]];
};

function types(): ImportImplementation {
  return {
    functions: new Map([["filesystem-error-code", errorCode]]),
    resources: new Map<string, ResourceClass>([["descriptor", Descriptor], ["directory-entry-stream", DirectoryEntryStream]]),
  };
}

/** The `error-code` behind a stream's error, if it came from a file: other interfaces' codes are no texts. */
function errorCode(error: unknown): string | undefined {
  return error instanceof ErrorResource && typeof error.code === "string" ? error.code : undefined;
}

function preopens(context: GuestContext): ImportImplementation {
  const getDirectories = () =>
    context.authority.directories.map(({ path, descriptor }) => [new Descriptor(context, new DescriptorReference(context, descriptor, false)), path] as const);
  return { functions: new Map([["get-directories", getDirectories]]), resources: new Map() };
}
