import { type GuestContext, type ImportImplementation, reportDenial } from "./guest-context.js";

/**
 * The parts of wasi:cli and wasi:filesystem that tell a program what it was started with, while nothing of
 * the kind can be granted.
 *
 * Their functions have no error case. They answer that there is nothing: no variable, no argument, no
 * directory, no terminal. That is the interfaces' own way to deny (looking up a variable or opening a file
 * then fails in the guest with its own error), and every such answer is reported to the host as a denial.
 * Ending the instance instead was tried: language runtimes call these functions without the plugin's doing,
 * Rust's panic handler among them, so that every panic became a denial and its own reason was lost.
 */
export function environmentImplementations(context: GuestContext): ReadonlyMap<string, ImportImplementation> {
  const empty = (interfaceName: string, answers: readonly (readonly [name: string, authority: string, nothing: () => unknown])[]) => {
    const functions = answers.map(([name, authority, nothing]): [string, () => unknown] => [
      name,
      () => {
        reportDenial(context, authority, `${interfaceName}#${name}`);
        return nothing();
      },
    ]);
    return [interfaceName, { functions: new Map(functions), resources: new Map() }] as const;
  };
  const none = () => undefined;
  return new Map<string, ImportImplementation>([
    empty("wasi:cli/environment", [
      ["get-environment", "env", () => []],
      ["get-arguments", "args", () => []],
      ["initial-cwd", "fs", none],
    ]),
    empty("wasi:filesystem/preopens", [["get-directories", "fs", () => []]]),
    empty("wasi:cli/terminal-stdin", [["get-terminal-stdin", "terminal", none]]),
    empty("wasi:cli/terminal-stdout", [["get-terminal-stdout", "terminal", none]]),
    empty("wasi:cli/terminal-stderr", [["get-terminal-stderr", "terminal", none]]),
    ["wasi:cli/exit", exitImplementation(context)],
  ]);
}

/** A plugin that exits ends its own instance and nothing else, whatever was granted. */
function exitImplementation(context: GuestContext): ImportImplementation {
  const exit = (success: boolean): never => {
    context.fatal ??= { kind: "exited", success };
    throw new WebAssembly.RuntimeError("the plugin exited");
  };
  return {
    functions: new Map<string, (...values: never[]) => never>([
      ["exit", (status: { tag: string }) => exit(status.tag === "ok")],
      ["exit-with-code", (code: number) => exit(code === 0)],
    ]),
    resources: new Map(),
  };
}
