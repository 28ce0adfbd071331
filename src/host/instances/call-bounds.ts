/** What one call may take, and where it must run. */
export interface CallBounds {
  /** The call as people name it: `apply of acme.blur`. */
  readonly name: string;
  /** From now until the answer, waiting included. */
  readonly milliseconds: number;
  readonly signal: AbortSignal | undefined;
  /** The instance in which it must run, because it has resources of it; `undefined` for any. */
  readonly home: object | undefined;
}
