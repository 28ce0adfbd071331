import { createHash, timingSafeEqual } from "node:crypto";

/** A token that opens connections. */
export interface BridgeToken {
  /** At least 32 characters of printable ASCII, without blanks. */
  readonly token: string;
  /** From when on it opens none, and those that it opened are closed. */
  readonly expires?: Date;
}

/** Whose connection it is. The token itself is not kept. */
export interface Credential {
  /** SHA-256 of the token, in hexadecimal. */
  readonly tokenSha256: string;
  readonly expires: Date | undefined;
  /** Who it is in the app's own words, for the log. */
  readonly subject: string | undefined;
  /** Whether it is of a list, and ends when it is taken off it. */
  readonly isListed: boolean;
}

const FEWEST_CHARACTERS = 32;
// It must fit into a header beside others.
const MOST_CHARACTERS = 1024;
// A date alone would be a day somewhere on earth: expiry is an instant.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** What is wrong with a token, without the token; `undefined` for nothing. */
export function tokenProblem(token: string): string | undefined {
  if (token.length < FEWEST_CHARACTERS) return `has ${token.length} characters, and at least ${FEWEST_CHARACTERS} are needed so that it cannot be guessed`;
  if (token.length > MOST_CHARACTERS) return `has ${token.length} characters, and at most ${MOST_CHARACTERS} fit into a request`;
  return /^[\x21-\x7e]+$/.test(token) ? undefined : "has characters that are not printable ASCII";
}

/** What a file of tokens says: one on a line, `#` before comments, after a token perhaps the instant at which it expires. */
export function parseTokenFile(text: string): { readonly tokens: readonly BridgeToken[]; readonly problems: readonly string[] } {
  const tokens: BridgeToken[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [token, instant, ...more] = line.replace(/(?:^|\s)#.*$/, "").trim().split(/\s+/);
    if (token === undefined || token === "") continue;
    const expires = instant === undefined ? undefined : new Date(INSTANT.test(instant) ? instant : Number.NaN);
    const isInstant = expires === undefined || !Number.isNaN(expires.getTime());
    const problem = tokenProblem(token) ?? (isInstant && more.length === 0 ? undefined : "is followed by something else than one instant such as 2030-01-31T12:00:00Z");
    if (problem !== undefined) problems.push(`the token in line ${index + 1} ${problem}`);
    else tokens.push({ token, ...(expires === undefined ? {} : { expires }) });
  }
  return { tokens, problems };
}

/** Tokens, of which only digests are kept. */
export class TokenList {
  readonly #tokens: readonly { readonly digest: Buffer; readonly expires: Date | undefined }[];
  readonly #byDigest: ReadonlyMap<string, Date | undefined>;

  constructor(tokens: readonly BridgeToken[]) {
    this.#tokens = tokens.map(({ token, expires }) => ({ digest: sha256(token), expires }));
    this.#byDigest = new Map(this.#tokens.map(({ digest, expires }) => [digest.toString("hex"), expires]));
  }

  /**
   * Finds a token. All are compared, by digests of one length and to their ends, so that the time that it takes tells nothing of
   * which one comes close, and how close.
   */
  find(token: string): Credential | undefined {
    const presented = sha256(token);
    let found: Credential | undefined;
    for (const { digest, expires } of this.#tokens) {
      const isEqual = timingSafeEqual(digest, presented);
      found = isEqual ? { tokenSha256: digest.toString("hex"), expires, subject: undefined, isListed: true } : found;
    }
    return found;
  }

  /** What is known of a token by now: it may have been taken off the list, or have got another end. */
  current({ tokenSha256 }: Credential): { readonly expires: Date | undefined } | undefined {
    return this.#byDigest.has(tokenSha256) ? { expires: this.#byDigest.get(tokenSha256) } : undefined;
  }
}

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
