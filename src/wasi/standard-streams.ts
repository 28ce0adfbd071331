import { type GuestContext, type ImportImplementation, ImportError, reportDenial } from "./guest-context.js";
import { hostInputStream, InputStream, OutputStream, streamFailure } from "./io.js";
import { createOutputDecoder } from "./platform.js";

/**
 * wasi:cli/stdin, stdout and stderr. Their functions hand out a stream and have no error case, and language
 * runtimes call them without being asked to. So each always gives a stream, and one that was not granted
 * fails on its first use, with the interface's own error.
 */
export function standardStreamImplementations(context: GuestContext): readonly (readonly [string, ImportImplementation])[] {
  return [
    ["wasi:cli/stdin", provide("get-stdin", () => input(context))],
    ["wasi:cli/stdout", provide("get-stdout", () => output(context, "stdout"))],
    ["wasi:cli/stderr", provide("get-stderr", () => output(context, "stderr"))],
  ];
}

function provide(name: string, open: () => object): ImportImplementation {
  return { functions: new Map([[name, open]]), resources: new Map() };
}

function output(context: GuestContext, stream: "stdout" | "stderr"): OutputStream {
  if (!context.grants.has(stream)) return new OutputStream(context, { write: () => failDenied(context, stream) });
  // One decoder per stream: a character may be cut between two writes.
  const decoder = createOutputDecoder();
  return new OutputStream(context, {
    write: (bytes) => {
      const text = decoder.decode(bytes, { stream: true });
      if (text !== "") context.emit({ kind: "output", stream, text });
    },
  });
}

function input(context: GuestContext): InputStream {
  const handle = context.authority.standardInput;
  if (handle === undefined) return new InputStream(context, { read: () => failDenied(context, "stdin") });
  return hostInputStream(context, handle);
}

function failDenied(context: GuestContext, stream: string): never {
  reportDenial(context, stream, `wasi:cli/${stream}`);
  throw new ImportError(streamFailure(`wasi:cli/${stream} is denied: the capability "${stream}" was not granted`));
}
