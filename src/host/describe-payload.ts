// Enough to recognise the error in a log; the whole value is in `payload`.
const DESCRIPTION_LENGTH = 200;

/** A plugin's typed error in a few words. */
export function describePayload(payload: unknown): string {
  if (payload === undefined) return "without a value";
  const text = typeof payload === "string" ? payload : JSON.stringify(payload, (_name, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
  return text.length > DESCRIPTION_LENGTH ? `${text.slice(0, DESCRIPTION_LENGTH)}…` : text;
}
