/** A worker inside a sandbox, as the host sees it. What it sends is unknown until it is parsed. */
export interface SandboxWorker {
  /** Whether a compiled `WebAssembly.Module` can be posted to it. Where not, it is given bytes. */
  readonly takesModules: boolean;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The worker could not start, or a message to or from it could not be read. */
  onFailure(listener: (error: Error) => void): void;
  /** Ends the worker at once, whatever it is doing. Calling it again does nothing. */
  terminate(): void;
}
