import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";

/** A component of `witSource`'s world, made by the reference tools; its functions trap. */
export async function buildComponent(witSource: string, world?: string): Promise<Uint8Array> {
  const core = await componentEmbed({ dummy: true, witSource, ...(world !== undefined && { world }) });
  return componentNew(core, []);
}
