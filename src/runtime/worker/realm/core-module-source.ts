import type { StartRequest } from "../../../rpc/messages.js";

/** What glue takes core modules from, and instantiates them with. */
export interface CoreModuleSource {
  get(name: string): WebAssembly.Module;
  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance;
}

/**
 * The core modules, and what instantiates them. One with memories or tables of its own is instantiated only once: their sizes
 * were shared out over the modules, and a second instance would have them again.
 */
export function coreModuleSource({ coreModules }: StartRequest): CoreModuleSource {
  const modules = new Map(coreModules.map(([name, module, hasStorage]) => [name, { module, hasStorage }]));
  /** How many instances of a module with storage may still be made. Names whose modules are equal share one, and have one instance each. */
  const left = new Map<WebAssembly.Module, number>();
  return {
    get(name) {
      const known = modules.get(name);
      if (known === undefined) throw new Error(`the glue asks for the core module ${name}, which is not part of the package`);
      // Synchronous compilation is right here: the realm takes no compiled modules, and the worker has nothing else to do.
      const module = known.module instanceof WebAssembly.Module ? known.module : new WebAssembly.Module(known.module as Uint8Array<ArrayBuffer>);
      if (known.hasStorage) left.set(module, (left.get(module) ?? 0) + 1);
      // Asked for again, it allows no further instance. One without storage may have any number.
      modules.set(name, { module, hasStorage: false });
      return module;
    },
    instantiate(module, imports) {
      const instances = left.get(module);
      if (instances === 0) throw new Error("it instantiates a core module that has a memory or table of its own twice, which cannot be bounded");
      if (instances !== undefined) left.set(module, instances - 1);
      return new WebAssembly.Instance(module, imports);
    },
  };
}
