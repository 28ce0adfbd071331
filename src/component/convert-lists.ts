import { uncountedPrimitive, VALUE_BYTES, type Convert } from "./convert-primitives.js";
import { isUnsharedBuffer, MOVED_FROM_BYTES, typedArrayName, type NumericArray, type NumericList } from "./numeric-arrays.js";
import { refuseValue, spendBytes, type Conversion, type LowerContext } from "./value-context.js";
import type { PrimitiveType } from "./world.js";

/** A list, or with `length` a list of that fixed length. */
export function convertList(item: Convert, length: number | undefined, words: string): Convert {
  const wanted = length === undefined ? `an array (${words})` : `an array of ${length} (${words})`;
  return (value, conversion) => {
    const isArray = Array.isArray(value) || (length !== undefined && conversion.lowering && isTypedArray(value));
    // The length is read once: a later reading could differ.
    const count: unknown = isArray ? Reflect.get(value, "length") : undefined;
    if (!isArray || typeof count !== "number" || (length !== undefined && count !== length)) return refuseValue(value, wanted, conversion);
    spendBytes(VALUE_BYTES * (count + 1), conversion);
    return convertItems(value, count, () => item, conversion);
  };
}

export function convertTuple(items: readonly Convert[], words: string): Convert {
  const wanted = `an array of ${items.length} (${words})`;
  return (value, conversion) => {
    if (!Array.isArray(value) || value.length !== items.length) return refuseValue(value, wanted, conversion);
    return convertItems(value, items.length, (index) => items[index], conversion);
  };
}

function convertItems(value: ArrayLike<unknown>, count: number, itemAt: (index: number) => Convert | undefined, conversion: Conversion): unknown[] {
  const { position } = conversion;
  const result: unknown[] = [];
  position.enter();
  for (let index = 0; index < count; index += 1) {
    position.at(index);
    result.push(itemAt(index)?.(value[index], conversion));
  }
  position.leave();
  return result;
}

/**
 * A list of numbers: a typed array on both sides. Towards the plugin, arrays and other typed arrays are
 * converted element by element, and everything ends up on a fresh buffer, which is moved with the message
 * if it is large enough for that to pay, or on the caller's own if it gave that away.
 */
export function convertNumericList(element: PrimitiveType, list: NumericList): Convert {
  const convertElement = uncountedPrimitive(element);
  const wanted = `${list.name} (list<${element}>)`;
  return (value, conversion) => {
    if (typeof value !== "object" || value === null) return refuseValue(value, wanted, conversion);
    const found = typedArrayName(value);
    if (!conversion.lowering) {
      if (found !== list.name || !isUnsharedBuffer((value as NumericArray).buffer)) return refuseValue(value, wanted, conversion);
      spendBytes(VALUE_BYTES + (value as NumericArray).byteLength, conversion);
      return inThisRealm(value as NumericArray, list, wanted, conversion);
    }
    if (found === list.name || (element === "u8" && isBytes(value, found))) return copyOrMove(value, list, conversion.context, conversion);
    if (found === undefined && !Array.isArray(value)) return refuseValue(value, `an array or ${wanted}`, conversion);
    return convertElements(value as ArrayLike<unknown>, convertElement, list, conversion.context, conversion);
  };
}

// Below this a copy costs less than moving.
const MOVE_BYTES = 16_384;

/**
 * The same numbers in an array of this realm. What a frame's worker sends is made of the frame's classes:
 * not an instance of the page's, and it would keep the removed frame alive.
 */
function inThisRealm(value: NumericArray, list: NumericList, wanted: string, conversion: Conversion): NumericArray {
  const { buffer, byteOffset, byteLength, length } = value;
  if (isDetached(buffer)) return refuseValue(value, `${wanted} with a buffer of its own`, conversion);
  if (byteLength < MOVE_BYTES || byteLength !== buffer.byteLength) {
    const copy = new Uint8Array(byteLength);
    copy.set(new Uint8Array(buffer, byteOffset, byteLength));
    return list.over(copy.buffer, 0, length);
  }
  return list.over(structuredClone(buffer as ArrayBuffer, { transfer: [buffer as ArrayBuffer] }), 0, length);
}

function convertElements(value: ArrayLike<unknown>, convertElement: Convert, list: NumericList, context: LowerContext, conversion: Conversion): NumericArray {
  const { length } = value;
  spendBytes(VALUE_BYTES + length * list.bytesPerElement, conversion);
  const result = list.create(length);
  const { position } = conversion;
  position.enter();
  for (let index = 0; index < length; index += 1) {
    position.at(index);
    // Each list's converter gives numbers or bigints as its array takes them.
    result[index] = convertElement(value[index], conversion) as never;
  }
  position.leave();
  if (result.byteLength >= MOVED_FROM_BYTES) context.transfer.push(result.buffer as ArrayBuffer);
  return result;
}

/** What can be taken for bytes as it is, without being a Uint8Array. */
function isBytes(value: object, name: string | undefined): value is ArrayBufferView | ArrayBuffer {
  return name === "Uint8ClampedArray" || (name === undefined && ArrayBuffer.isView(value)) || isUnsharedBuffer(value);
}

function copyOrMove(value: object, list: NumericList, context: LowerContext, conversion: Conversion): NumericArray {
  const view = isUnsharedBuffer(value) ? new Uint8Array(value) : (value as ArrayBufferView);
  const { buffer, byteOffset, byteLength } = view;
  if (byteLength === 0 && isDetached(buffer)) return refuseValue(value, `${list.name} whose buffer was not transferred away before`, conversion);
  spendBytes(VALUE_BYTES + byteLength, conversion);
  if (isUnsharedBuffer(buffer) && byteLength === buffer.byteLength && context.transferable.has(buffer)) {
    if (!context.transfer.includes(buffer)) context.transfer.push(buffer);
    return list.over(buffer, 0, byteLength / list.bytesPerElement);
  }
  const copy = new Uint8Array(byteLength);
  copy.set(new Uint8Array(buffer, byteOffset, byteLength));
  if (byteLength >= MOVED_FROM_BYTES) context.transfer.push(copy.buffer);
  return list.over(copy.buffer, 0, byteLength / list.bytesPerElement);
}

function isTypedArray(value: unknown): value is NumericArray {
  return typeof value === "object" && value !== null && typedArrayName(value) !== undefined;
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    // A view of a detached buffer cannot be made.
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
