import type { NamedFunction, World } from "../component/world.js";

type Names = ReadonlySet<string>;

const FILESYSTEM_METHOD = /^\[method\](?:descriptor|directory-entry-stream)\.(?!get-type$|get-flags$|advise$)/;
const KEYVALUE = /^wasi:keyvalue\//;

const POLL: Names = new Set(["poll", "[method]pollable.ready", "[method]pollable.block"]);
const STREAMS: Names = new Set(
  ["read", "blocking-read", "skip", "blocking-skip"].map((name) => `[method]input-stream.${name}`).concat(
    ["write", "blocking-write-and-flush", "flush", "blocking-flush", "write-zeroes", "blocking-write-zeroes-and-flush", "splice", "blocking-splice"]
      .map((name) => `[method]output-stream.${name}`),
  ),
);
const HTTP_TYPES: Names = new Set(["[static]outgoing-body.finish", "[method]future-incoming-response.get"]);

/**
 * The imports during which a guest may be suspended, in the names that the transpiler takes: those which the page answers
 * if they are granted. It depends on the world alone, never on grants, because it is part of the compile key.
 *
 * Constructors are left out: JavaScript's cannot be waited for. Nor may anything be listed that libraries call while a component is
 * instantiated: outside of a call no guest can be suspended, and a listed import traps there even if it would answer
 * at once. Interfaces of WASI that are not named here are answered in
 * the worker; interfaces that are not WASI's are the app's own functions.
 */
export function suspendingImports(world: World): readonly string[] {
  const names = world.imports.interfaces.flatMap(({ name: owner, functions }) =>
    functions.filter((named) => suspends(owner, named)).map(({ name }) => `${owner}#${name}`));
  return names.sort();
}

function suspends(owner: string, { name, type }: NamedFunction): boolean {
  // Declared `async`, it is a promise anyway.
  if (type.async || name.startsWith("[constructor]")) return false;
  if (!owner.startsWith("wasi:")) return true;
  switch (owner.replace(/@.*$/, "")) {
    case "wasi:io/poll": return POLL.has(name);
    case "wasi:io/streams": return STREAMS.has(name);
    case "wasi:filesystem/types": return FILESYSTEM_METHOD.test(name);
    case "wasi:http/outgoing-handler": return name === "handle";
    case "wasi:http/types": return HTTP_TYPES.has(name);
    default: return KEYVALUE.test(owner);
  }
}
