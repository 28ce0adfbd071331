// What the build provides to browser code; see worker-source-plugin.ts.

declare module "virtual:portcullis/worker-source" {
  /**
   * Text of a JavaScript expression, for a classic script: its value is the default export of
   * `runtime/worker/realm/worker-entry.ts`.
   */
  export const workerSource: string;
}

declare module "virtual:portcullis/page-worker-source" {
  /** The same of `runtime/worker/realm/page-worker-entry.ts`. */
  export const workerSource: string;
}
