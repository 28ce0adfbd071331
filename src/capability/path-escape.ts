/**
 * Ways to write "up" that are no `..` segment to whoever compares prefixes, but become one for who reads
 * the path next.
 */

/** Tells whether `text`, taken apart at `/`, has a segment `.` or `..`. */
export function hasDotSegment(text: string): boolean {
  return /(?:^|\/)\.{1,2}(?:\/|$)/.test(text);
}

// `%25` is `%`: a server that decodes twice makes `%252e` a dot.
const ENCODED_STRUCTURE = /%(?:25)*(?:2e|2f|5c|00)/i;
// Servlet containers cut `;…` off a segment before they resolve it, so `..;x` becomes `..`.
const DOTS_WITH_PARAMETER = /(?:^|\/)\.{1,2};/;

/**
 * Tells whether a text that begins with a granted prefix might lead out of it: dot segments, backslashes,
 * NUL, or an encoded dot, slash, backslash or NUL. Compatibility forms count as what they stand for (full-width
 * dots, the two-dot leader), because some file systems and servers fold them.
 */
export function mightEscapePrefix(text: string): boolean {
  return [text, text.normalize("NFKC")].some(
    (form) => hasDotSegment(form) || /[\\\0]/.test(form) || ENCODED_STRUCTURE.test(form) || DOTS_WITH_PARAMETER.test(form),
  );
}
