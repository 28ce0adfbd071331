import { workerSource } from "virtual:portcullis/worker-source";

/** What the runtime in a worker must be able to do: `page` is for a plugin that was granted something which lives on the page. */
export type RuntimeKind = "plain" | "page";

/**
 * The one script of a plugin's worker: our runtime, and the glue as a function that it may call later.
 * The runtime is an argument, so it is evaluated before the function around the glue exists. Nothing can be
 * imported or evaluated in the sandbox, so this text is all that will ever run there besides WebAssembly.
 */
export async function composePluginScript(glue: string, kind: RuntimeKind): Promise<string> {
  // The larger runtime is downloaded with the first plugin that needs it.
  const runtime = kind === "plain" ? workerSource : (await import("virtual:portcullis/page-worker-source")).workerSource;
  return `(${runtime})(function () {\n"use strict";\n${glue}\nreturn instantiate;\n});\n`;
}
