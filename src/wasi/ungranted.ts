import { type GuestContext, type ImportImplementation, reportDenial } from "./guest-context.js";

/**
 * Answers of interfaces that live on the page, for a plugin to which they were not granted, where a denial would end
 * programs that did nothing wrong. A granted interface takes the place of these.
 */
export function ungrantedImplementations(context: GuestContext): readonly (readonly [string, ImportImplementation])[] {
  const noDirectories = () => {
    reportDenial(context, "fs", "wasi:filesystem/preopens#get-directories");
    return [];
  };
  return [
    // Language runtimes list directories as they start: there are none, and opening a file then fails in the guest.
    ["wasi:filesystem/preopens", single("get-directories", noDirectories)],
    // Asks whether a stream's error came from a file or a request. None does here; the question carries no authority, and the
    // preview 1 adapter asks it after every failed read or write.
    ["wasi:filesystem/types", single("filesystem-error-code", () => undefined)],
    ["wasi:http/types", single("http-error-code", () => undefined)],
  ];
}

function single(name: string, answer: () => unknown): ImportImplementation {
  return { functions: new Map([[name, answer]]), resources: new Map() };
}
