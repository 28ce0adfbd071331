import { stat } from "node:fs/promises";
import { fromUtf8 } from "../../bytes/utf8.js";
import { PluginError } from "../../errors/plugin-error.js";
import { readBoundedFile } from "../read-bounded-file.js";
import type { BridgeLog } from "./bridge-log.js";
import { parseTokenFile, TokenList } from "./token-list.js";

const MAXIMUM_BYTES = 1024 * 1024;
const LOOK_MILLISECONDS = 500;

/**
 * A file of tokens that is read again when it changes. It is looked at, and not watched: notifications of file systems are lost in
 * containers and on network file systems, and a token that was taken off the list must not go on working because of that.
 */
export class TokenFile {
  readonly #path: string;
  readonly #log: BridgeLog;
  readonly #onChange: () => void;
  readonly #timer: NodeJS.Timeout;
  #list: TokenList;
  #loaded: string;
  #seen: string;

  private constructor(path: string, list: TokenList, state: string, log: BridgeLog, onChange: () => void) {
    this.#path = path;
    this.#list = list;
    this.#loaded = state;
    this.#seen = state;
    this.#log = log;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#look(), LOOK_MILLISECONDS);
    this.#timer.unref();
  }

  /** @throws {PluginError} `source-unreachable`; `usage-invalid` for a line that is no token, or for none at all. */
  static async open(path: string, log: BridgeLog, onChange: () => void): Promise<TokenFile> {
    const state = await fileState(path);
    const { tokens, problems } = parseTokenFile(await readText(path));
    const [problem] = tokens.length === 0 ? [...problems, "it has no token"] : problems;
    if (problem !== undefined) {
      throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot use the tokens in ${path}: ${problem}. Write one token a line, such as \`openssl rand -base64 32\` prints` });
    }
    return new TokenFile(path, new TokenList(tokens), state, log, onChange);
  }

  get list(): TokenList {
    return this.#list;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const state = await fileState(this.#path);
    // Editors write in parts: what changed since the last look is left until the next.
    const isSettled = state === this.#seen;
    this.#seen = state;
    if (!isSettled || state === this.#loaded) return;
    this.#loaded = state;
    this.#list = await this.#read();
    this.#onChange();
  }

  /** What is no token is nobody's, and what cannot be read has none: nothing stays valid because of a mistake in the file. */
  async #read(): Promise<TokenList> {
    try {
      const { tokens, problems } = parseTokenFile(await readText(this.#path));
      for (const problem of problems) this.#log.error("token-ignored", { reason: problem });
      this.#log.info("tokens-read", { tokens: tokens.length });
      return new TokenList(tokens);
    } catch (error) {
      this.#log.error("tokens-unreadable", { reason: error instanceof Error ? error.message : String(error) });
      return new TokenList([]);
    }
  }
}

async function readText(path: string): Promise<string> {
  const text = fromUtf8(await readBoundedFile(path, MAXIMUM_BYTES, "configure"));
  if (text !== undefined) return text;
  throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot use the tokens in ${path}: it is not text in UTF-8` });
}

/** Changes whenever the file does. */
async function fileState(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return "unreadable";
  }
}
