export interface ShownText {
  readonly text: string;
  readonly isShortened: boolean;
}

// Zero-width joiners are letters' business in Persian, Hindi and emoji; every other invisible character is shown.
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]/gu;
const BLANKS = /[\p{Zs}\t\r\n]+/gu;
// More marks than any language puts on a letter: they would be drawn over the lines above and below.
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * Makes a text that strangers wrote fit to be shown beside our own: characters that cannot be seen or that turn
 * the direction of writing are written out, blanks that push text away are one, and its length is bounded.
 *
 * @param most - characters (code points) to show.
 */
export function showAuthorText(text: string, most: number): ShownText {
  const shown = text
    .replace(BLANKS, " ")
    .replace(/^ | $/g, "")
    .replace(STACKED_MARKS, "$1")
    .replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  const characters = Array.from(shown);
  const isShortened = characters.length > most;
  return { text: isShortened ? `${characters.slice(0, most).join("")}…` : shown, isShortened };
}
