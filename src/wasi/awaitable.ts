/**
 * What an import answers: at once, or as a promise where the glue suspends the guest (JSPI). The same
 * implementation serves both, because a host call answers at once where shared memory lets the worker block.
 */
export type Awaitable<Value> = Value | Promise<Value>;

/** Goes on with `next` when `value` is there: at once if it is there already. */
export function after<Value, Result>(value: Awaitable<Value>, next: (value: Value) => Awaitable<Result>): Awaitable<Result> {
  // oxlint-disable-next-line promise/no-callback-in-promise -- `next` is the continuation itself, and answers with a value
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Like {@link after}, and goes on with `failed` when `work` throws or rejects. */
export function attempt<Value, Result>(
  work: () => Awaitable<Value>,
  next: (value: Value) => Awaitable<Result>,
  failed: (error: unknown) => Awaitable<Result>,
): Awaitable<Result> {
  let value: Awaitable<Value>;
  try {
    value = work();
  } catch (error) {
    return failed(error);
  }
  // oxlint-disable-next-line promise/no-callback-in-promise -- as above
  return value instanceof Promise ? value.then(next, failed) : next(value);
}
