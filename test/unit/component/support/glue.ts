import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import { decodeComponent } from "../../../../src/component/decode-component.js";
import type { World } from "../../../../src/component/world.js";

export interface RunningComponent {
  readonly world: World;
  readonly exports: Record<string, unknown>;
}

// The glue's own decoder would drop a byte order mark; the worker gives it one that keeps it, as this does.
export const TEXT_DECODER = "class TextDecoder extends globalThis.TextDecoder { constructor(label) { super(label, { fatal: true, ignoreBOM: true }); } }\n";

/** Transpiles a component with the real transpiler and instantiates it here, without imports. */
export async function runComponent(bytes: Uint8Array): Promise<RunningComponent> {
  await $init;
  const { files } = generate(bytes, {
    name: "plugin", instantiation: { tag: "async" }, noTypescript: true, noNodejsCompat: true, base64Cutoff: 0, strict: true,
  });
  const contents = new Map(files);
  const glue = TEXT_DECODER + new TextDecoder().decode(contents.get("plugin.js"));
  const module: unknown = await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(glue).toString("base64")}`);
  const { instantiate } = module as { instantiate: (getCoreModule: (name: string) => WebAssembly.Module, imports: object) => unknown };
  const exports = await instantiate((name) => new WebAssembly.Module((contents.get(name) ?? new Uint8Array()) as Uint8Array<ArrayBuffer>), {});
  return { world: decodeComponent(bytes), exports: exports as Record<string, unknown> };
}
