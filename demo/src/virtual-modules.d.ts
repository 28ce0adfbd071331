// What the demo's Vite configuration provides.

declare module "virtual:darkroom/registry" {
  /** Public key of Darkroom's publisher, as `portcullis keygen` writes it. */
  export const publisherKey: string;
  /** The registry's index, relative to the page. */
  export const registryPath: string;
}

declare module "virtual:darkroom/bridge" {
  /** The bridge's path, relative to the page; `null` where there is none. */
  export const bridgePath: string | null;
  /** Filters that only a bridge can run. */
  export const bridgeFilters: readonly {
    readonly id: string;
    readonly runtime: "python" | "rust";
    readonly title: string;
    readonly description: string;
    /** Why it cannot run here, as a sentence. `null`: it can, and the registry has it. */
    readonly absent: string | null;
  }[];
}
