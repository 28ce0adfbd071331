import { type GuestContext, type ImportImplementation, reportDenial, trapDenied } from "./guest-context.js";

const INTERFACE = "wasi:cli/environment";

/**
 * The parts of wasi:cli and wasi:filesystem that list what a program was started with, while nothing of
 * the kind can be granted.
 *
 * They have no error case. Language runtimes read them while they start, before the plugin's own code asks
 * for anything: there the list is empty, and the denial is noted. In a call it is the plugin that asks, and
 * an empty answer would look like success: the call ends as denied. Directories are different: a program
 * without any gets its own errors from every file operation, so the empty list is the interface's own denial.
 */
export function environmentImplementations(context: GuestContext): ReadonlyMap<string, ImportImplementation> {
  const atStart = (name: string, authority: string, value: unknown): [string, () => unknown] => [
    name,
    () => {
      if (!context.starting) trapDenied(context, authority, `${INTERFACE}#${name}`);
      reportDenial(context, authority, `${INTERFACE}#${name}`);
      return value;
    },
  ];
  const nothing = (imported: string, name: string, authority: string, value: unknown): ImportImplementation => ({
    functions: new Map([
      [
        name,
        () => {
          reportDenial(context, authority, `${imported}#${name}`);
          return value;
        },
      ],
    ]),
    resources: new Map(),
  });
  return new Map<string, ImportImplementation>([
    [
      INTERFACE,
      {
        functions: new Map([
          atStart("get-environment", "env", []),
          atStart("get-arguments", "args", []),
          atStart("initial-cwd", "fs", undefined),
        ]),
        resources: new Map(),
      },
    ],
    ["wasi:filesystem/preopens", nothing("wasi:filesystem/preopens", "get-directories", "fs", [])],
    ["wasi:cli/terminal-stdin", nothing("wasi:cli/terminal-stdin", "get-terminal-stdin", "terminal", undefined)],
    ["wasi:cli/terminal-stdout", nothing("wasi:cli/terminal-stdout", "get-terminal-stdout", "terminal", undefined)],
    ["wasi:cli/terminal-stderr", nothing("wasi:cli/terminal-stderr", "get-terminal-stderr", "terminal", undefined)],
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
