import { workerSource } from "virtual:portcullis/worker-source";

/**
 * The one script of a plugin's worker: our runtime, and the glue as a function that it may call later.
 * The runtime is an argument, so it is evaluated before the function around the glue exists. Nothing can be
 * imported or evaluated in the sandbox, so this text is all that will ever run there besides WebAssembly.
 */
export function composePluginScript(glue: string): string {
  return `(${workerSource})(function () {\n"use strict";\n${glue}\nreturn instantiate;\n});\n`;
}
