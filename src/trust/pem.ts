import { fromBase64, toBase64 } from "../bytes/base64.js";

/** No key of ours comes near it. */
const MAXIMUM_LENGTH = 4096;
const LINE_LENGTH = 64;

/** The one block of a PEM text (RFC 7468), or `undefined` if the text is not exactly that. */
export function readPem(text: string): { label: string; bytes: Uint8Array } | undefined {
  if (text.length > MAXIMUM_LENGTH) return undefined;
  const lines = text.trim().split(/\r?\n/).map((line) => line.trim());
  const label = /^-----BEGIN ([A-Z ]+)-----$/.exec(lines[0] ?? "")?.[1];
  if (label === undefined || lines.at(-1) !== `-----END ${label}-----`) return undefined;
  const bytes = fromBase64(lines.slice(1, -1).join(""));
  return bytes === undefined ? undefined : { label, bytes };
}

/** `bytes` as one PEM block with lines of 64 characters. */
export function writePem(label: string, bytes: Uint8Array): string {
  const base64 = toBase64(bytes);
  const lines: string[] = [];
  for (let start = 0; start < base64.length; start += LINE_LENGTH) lines.push(base64.slice(start, start + LINE_LENGTH));
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
