// What the demo's Vite configuration provides.

declare module "virtual:darkroom/registry" {
  /** Public key of Darkroom's publisher, as `portcullis keygen` writes it. */
  export const publisherKey: string;
  /** The registry's index, relative to the page. */
  export const registryPath: string;
}
