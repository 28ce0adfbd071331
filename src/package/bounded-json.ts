import { fromUtf8 } from "../bytes/utf8.js";
import type { PluginError } from "../errors/plugin-error.js";

/** Arrays and objects inside each other. Everything after parsing may recurse, so this comes first. */
const MAXIMUM_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Makes the error for a reason, so that each caller names what it was reading. */
export type Refuse = (reason: string) => PluginError;

/**
 * Parses JSON from outside: size, well-formed UTF-8 and nesting depth are checked before the parser
 * sees it. The result is plain data; a member named `__proto__` is an own member like any other.
 *
 * @param maximumBytes - size limit in bytes
 * @throws the error that `refuse` makes
 */
export function parseBoundedJson(bytes: Uint8Array, maximumBytes: number, refuse: Refuse): unknown {
  if (bytes.length > maximumBytes) {
    throw refuse(`it has ${bytes.length} bytes, and at most ${maximumBytes} are allowed`);
  }
  const text = fromUtf8(bytes);
  if (text === undefined) throw refuse("it is not well-formed UTF-8");
  if (isDeeperThan(bytes, MAXIMUM_DEPTH)) {
    throw refuse(`its values are nested more than ${MAXIMUM_DEPTH} deep`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refuse("it is not JSON");
  }
}

// In UTF-8 no byte of a longer sequence equals an ASCII character, so bytes can be scanned directly.
function isDeeperThan(bytes: Uint8Array, maximum: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > maximum) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}
