import { PluginError } from "../errors/plugin-error.js";
import { describeValue } from "./describe-value.js";

/** Bytes that a message may still take: counted before anything is copied. */
export interface ValueBudget {
  remaining: number;
}

/** What checking an argument needs. */
export interface LowerContext {
  readonly budget: ValueBudget;
  /** Receives the buffers to be moved with the message instead of copied. Never one that the caller keeps. */
  readonly transfer: ArrayBuffer[];
  /** Buffers that the caller gives away: used in place instead of copied, where a view spans them. */
  readonly transferable: ReadonlySet<ArrayBuffer>;
  /** The number that stands for a stream or future in the message, whose type is `type`. Left out where none can be passed. */
  readonly carrier?: (value: unknown, type: number, path: string) => number;
  /** The number that stands for a resource in the message. Throws if `value` is no such resource. */
  readonly resource: (value: unknown, resource: number, mode: "own" | "borrow", path: string) => number;
}

/** What checking a result needs. */
export interface LiftContext {
  readonly budget: ValueBudget;
  /** What stands for a stream or future in the app. Left out where none can be passed. */
  readonly carrier?: (id: number, type: number, path: string) => unknown;
  /** The object that stands for a resource in the app. Throws if `id` is no such resource. */
  readonly resource: (id: number, resource: number, mode: "own" | "borrow", path: string) => unknown;
}

/** Where a conversion stands in its value. Segments are overwritten in place, so that a path costs nothing until it is wanted. */
export class ValuePosition {
  readonly #root: string;
  readonly #segments: (string | number)[] = [];
  #depth = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** Goes into a part of the value, which {@link at} then names. */
  enter(): void {
    this.#depth += 1;
  }

  at(segment: string | number): void {
    this.#segments[this.#depth - 1] = segment;
  }

  leave(): void {
    this.#depth -= 1;
  }

  /** Such as `image.pixels[3]`. */
  path(): string {
    return this.#segments.slice(0, this.#depth).reduce<string>((path, segment) => path + (typeof segment === "number" ? `[${segment}]` : `.${segment}`), this.#root);
  }
}

/** One conversion under way. `lowering` is from the app to the plugin. */
export type Conversion = { readonly position: ValuePosition } & (
  | { readonly lowering: true; readonly context: LowerContext }
  | { readonly lowering: false; readonly context: LiftContext }
);

/** Refuses a value that is not of its type. `wanted` is in WIT's words. */
export function refuseValue(value: unknown, wanted: string, { lowering, position }: Conversion): never {
  const found = describeValue(value);
  throw new PluginError(lowering
    ? { code: "argument-invalid", stage: "call", message: `Cannot pass ${position.path()}: it is ${found}, where ${wanted} is wanted` }
    : { code: "result-invalid", stage: "call", message: `Cannot accept the plugin's ${position.path()}: it is ${found}, where ${wanted} is declared` });
}

/** A value is too large for one message. It may well be of its type. */
export class MessageTooLarge extends PluginError {}

/**
 * Takes `bytes` from the message's budget, before they are copied.
 *
 * @throws {MessageTooLarge}
 */
export function spendBytes(bytes: number, { lowering, context, position }: Conversion): void {
  if (bytes <= context.budget.remaining) {
    context.budget.remaining -= bytes;
    return;
  }
  const reason = `with it the message is larger than the limit messageBytes allows; send less at once, or raise the limit`;
  throw new MessageTooLarge(lowering
    ? { code: "argument-invalid", stage: "call", message: `Cannot pass ${position.path()}: ${reason}` }
    : { code: "result-invalid", stage: "call", message: `Cannot accept the plugin's ${position.path()}: ${reason}` });
}
