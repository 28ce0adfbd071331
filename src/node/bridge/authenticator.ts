import { PluginError } from "../../errors/plugin-error.js";
import type { BridgeLog } from "./bridge-log.js";
import { TokenFile } from "./token-file.js";
import { type BridgeToken, type Credential, sha256, TokenList, tokenProblem } from "./token-list.js";

/** What an app says of a token of its own; `undefined` for one that it does not know. */
export type AuthenticateToken = (token: string) => Promise<{ readonly expires?: Date; readonly subject?: string } | undefined>;

export interface AuthenticatorOptions {
  readonly tokens: readonly BridgeToken[];
  readonly tokenFile: string | undefined;
  readonly authenticate: AuthenticateToken | undefined;
  readonly log: BridgeLog;
  readonly now: () => Date;
}

/** Says whose connection it is, and for how long. */
export class Authenticator {
  readonly #given: TokenList;
  readonly #file: TokenFile | undefined;
  readonly #authenticate: AuthenticateToken | undefined;
  readonly #now: () => Date;

  private constructor(options: AuthenticatorOptions, file: TokenFile | undefined) {
    this.#given = new TokenList(options.tokens);
    this.#file = file;
    this.#authenticate = options.authenticate;
    this.#now = options.now;
  }

  /**
   * @param onChange - called after the token file was read again.
   * @throws {PluginError} `usage-invalid` if nobody could connect, or a token could be guessed; `source-unreachable`.
   */
  static async create(options: AuthenticatorOptions, onChange: () => void): Promise<Authenticator> {
    const { tokens, tokenFile, authenticate, log } = options;
    const problem = tokens.map(({ token }) => tokenProblem(token)).find((found) => found !== undefined);
    if (problem !== undefined) throw unusable(`one of its tokens ${problem}`);
    if (tokens.length === 0 && tokenFile === undefined && authenticate === undefined) throw unusable("it was given no `tokens`, no `tokenFile` and no `authenticate`, so that nobody could connect");
    return new Authenticator(options, tokenFile === undefined ? undefined : await TokenFile.open(tokenFile, log, onChange));
  }

  /** Whether unknown tokens are put to the app, which costs it something. */
  get asksApp(): boolean {
    return this.#authenticate !== undefined;
  }

  /** A token of the lists. Nothing is asked of anybody. */
  find(token: string): Credential | undefined {
    const [given, filed] = [this.#given.find(token), this.#file?.list.find(token)];
    return given ?? filed;
  }

  /** A token of the app's own. */
  async ask(token: string): Promise<Credential | undefined> {
    const known = await this.#authenticate?.(token);
    return known === undefined ? undefined : { tokenSha256: sha256(token).toString("hex"), expires: known.expires, subject: known.subject, isListed: false };
  }

  /** Until when a connection may go on: a token may have been taken off its list since. */
  validity(credential: Credential): { readonly isValid: boolean; readonly expires: Date | undefined } {
    const current = credential.isListed ? this.#given.current(credential) ?? this.#file?.list.current(credential) : credential;
    const expires = current?.expires;
    return { isValid: current !== undefined && (expires === undefined || expires > this.#now()), expires };
  }

  close(): void {
    this.#file?.close();
  }
}

function unusable(reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot start a bridge: ${reason}` });
}
