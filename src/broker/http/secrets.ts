import type { Capability, SecretCapability } from "../../capability/capability.js";
import { defaultPort } from "../../capability/http-match.js";
import type { HeaderList } from "./request-headers.js";

const PLACEHOLDER = /\{secret:([^{}]*)\}/g;
const MARK = "{secret:";
// What a header's value can be; an empty one would be found in every header of the answer.
const SECRET_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** Headers with the secrets in place of their placeholders, and what was put in. */
export interface FilledHeaders {
  readonly headers: HeaderList;
  /** By name: the secrets that this request carries. */
  readonly used: ReadonlyMap<string, string>;
}

/** A secret was asked for that may not be sent there, or that the app does not have. */
export class SecretRefused extends Error {
  readonly secret: string;
  /** What the app provided cannot be sent. */
  readonly isUnusable: boolean;

  constructor(secret: string, isUnusable: boolean) {
    super(`the secret ${secret} ${isUnusable ? "is no value that a header can have" : "may not be sent there"}`);
    this.secret = secret;
    this.isUnusable = isUnusable;
  }
}

/**
 * Puts the app's secrets in place of `{secret:NAME}` in header values. Each needs the capability `secret:NAME:ORIGIN` for
 * exactly the origin of `url`. Nothing else of a request is looked at, so that a body or a URL never carries one.
 *
 * @throws {SecretRefused} for a placeholder that may not be filled. A request never leaves with one in it.
 */
export function fillSecrets(headers: HeaderList, url: URL, granted: readonly Capability[], secrets: ReadonlyMap<string, string>): FilledHeaders {
  const used = new Map<string, string>();
  const fill = (_: string, name: string): string => {
    const value = secrets.get(name);
    if (value === undefined || !granted.some((grant) => grant.kind === "secret" && grant.name === name && isOrigin(grant, url))) {
      throw new SecretRefused(name, false);
    }
    if (!SECRET_VALUE.test(value)) throw new SecretRefused(name, true);
    used.set(name, value);
    return value;
  };
  const filled = headers.map(([name, value]): readonly [string, string] => {
    if (value.replaceAll(PLACEHOLDER, "").includes(MARK)) throw new SecretRefused("of an unfinished placeholder", false);
    return [name, value.replaceAll(PLACEHOLDER, fill)];
  });
  return { headers: filled, used };
}

/**
 * Takes the secrets out of an answer's header again, should the server repeat them. Bodies are not searched: a secret can be
 * repeated there in a thousand forms, and the app trusts the origin with it.
 */
export function redactSecrets(value: string, used: ReadonlyMap<string, string>): string {
  let redacted = value;
  for (const [name, secret] of used) redacted = redacted.replaceAll(secret, () => `${MARK}${name}}`);
  return redacted;
}

function isOrigin({ scheme, host, port }: SecretCapability, url: URL): boolean {
  const used = url.port === "" ? defaultPort(scheme) : Number(url.port);
  return url.protocol === `${scheme}:` && url.hostname === host && used === port;
}
