/**
 * The one script of a plugin's worker: our runtime, and the glue as a function that it may call later.
 * The runtime is an argument, so it is evaluated before the function around the glue exists. Nothing can be
 * imported or evaluated in the sandbox, so this text is all that will ever run there besides WebAssembly.
 */
export async function composePluginScript(glue: string): Promise<string> {
  const { workerSource } = await loadRuntime();
  return `(${workerSource})(function () {\n"use strict";\n${glue}\nreturn instantiate;\n});\n`;
}

/** Begins to download the runtime, so that it is here when a plugin is. A failure is reported then. */
export function preloadRuntime(): void {
  loadRuntime().catch(() => undefined);
}

/** With the first plugin: a page that only lists plugins never downloads it. */
function loadRuntime() {
  return import("virtual:portcullis/worker-source");
}
