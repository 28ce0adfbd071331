/** What a line of the log says besides when, how grave and what. Never a token, never a value of a call. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The log of a bridge. */
export interface BridgeLog {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

// Clients choose some of the texts: names, origins, reasons to close.
const MAXIMUM_CHARACTERS = 500;

/**
 * A log of JSON objects, one a line: `time`, `level`, `event`, and what belongs to the event.
 *
 * @param write - takes one line, without its end.
 */
export function jsonLog(write: (line: string) => void, now: () => Date): BridgeLog {
  const line = (level: string) => (event: string, fields: LogFields = {}): void => {
    const shown = Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? value.slice(0, MAXIMUM_CHARACTERS) : value] as const);
    const text = JSON.stringify({ time: now().toISOString(), level, event, ...Object.fromEntries(shown) });
    // A terminal obeys controls, and what turns or hides text: JSON escapes only some of them.
    write(text.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => [...utf16(character)].join("")));
  };
  return { info: line("info"), warn: line("warn"), error: line("error") };
}

/** The same log, whose lines all say `fields` too. */
export function logWith(log: BridgeLog, fields: LogFields): BridgeLog {
  return {
    info: (event, more) => log.info(event, { ...fields, ...more }),
    warn: (event, more) => log.warn(event, { ...fields, ...more }),
    error: (event, more) => log.error(event, { ...fields, ...more }),
  };
}

function* utf16(character: string): Generator<string, void, void> {
  for (let index = 0; index < character.length; index += 1) yield `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
}
