import type { GuestContext, ImportImplementation } from "./guest-context.js";

/** wasi:logging, given with the capability `log`. Both drafts in use have the one function. */
export function loggingImplementations(context: GuestContext): ReadonlyMap<string, ImportImplementation> {
  return new Map([
    [
      "wasi:logging/logging",
      {
        functions: new Map([
          [
            "log",
            (level: string, source: string, message: string) => context.emit({ kind: "log", level, context: source, message }),
          ],
        ]),
        resources: new Map(),
      },
    ],
  ]);
}
