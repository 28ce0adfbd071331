const MAXIMUM_LENGTH = 100;

/**
 * `text` in quotes, fit for an error message: shortened, and with everything but printable ASCII
 * escaped, because a hostile name may carry control or direction characters that rewrite the message.
 */
export function quotedText(text: string): string {
  const short = text.length > MAXIMUM_LENGTH ? `${text.slice(0, MAXIMUM_LENGTH)}…` : text;
  return JSON.stringify(short).replace(
    /[^\x20-\x7e…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
