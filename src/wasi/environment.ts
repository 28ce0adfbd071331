import { type GuestContext, type ImportImplementation, reportDenial } from "./guest-context.js";

/**
 * The parts of wasi:cli that tell a program what it was started with.
 *
 * Their functions have no error case. Where nothing was granted they answer that there is nothing: no variable, no
 * argument, no terminal. That is the interfaces' own way to deny (looking up a variable then fails in the guest with
 * its own error), and every such answer is reported to the host as a denial.
 * Ending the instance instead was tried: language runtimes call these functions without the plugin's doing,
 * Rust's panic handler among them, so that every panic became a denial and its own reason was lost.
 */
export function environmentImplementations(context: GuestContext): readonly (readonly [string, ImportImplementation])[] {
  const { authority, grants } = context;
  const provide = (interfaceName: string, answers: readonly (readonly [name: string, authority: string, isGranted: boolean, answer: () => unknown])[]) => {
    const functions = answers.map(([name, denied, isGranted, answer]): [string, () => unknown] => [
      name,
      () => {
        if (!isGranted) reportDenial(context, denied, `${interfaceName}#${name}`);
        return answer();
      },
    ]);
    return [interfaceName, { functions: new Map(functions), resources: new Map() }] as const;
  };
  const none = () => undefined;
  return [
    provide("wasi:cli/environment", [
      // Copies: glue may keep what it is given.
      ["get-environment", "env", grants.has("env"), () => authority.environment.map((pair) => [...pair])],
      ["get-arguments", "args", grants.has("args"), () => [...authority.arguments]],
      ["initial-cwd", "fs", grants.has("fs"), none],
    ]),
    provide("wasi:cli/terminal-stdin", [["get-terminal-stdin", "terminal", false, none]]),
    provide("wasi:cli/terminal-stdout", [["get-terminal-stdout", "terminal", false, none]]),
    provide("wasi:cli/terminal-stderr", [["get-terminal-stderr", "terminal", false, none]]),
    ["wasi:cli/exit", exitImplementation(context)],
  ];
}

/** A plugin that exits ends its own instance and nothing else, whatever was granted. */
function exitImplementation(context: GuestContext): ImportImplementation {
  const exit = (success: boolean): never => {
    throw context.end({ kind: "exited", success });
  };
  return {
    functions: new Map<string, (...values: never[]) => never>([
      ["exit", (status: { tag: string }) => exit(status.tag === "ok")],
      ["exit-with-code", (code: number) => exit(code === 0)],
    ]),
    resources: new Map(),
  };
}
