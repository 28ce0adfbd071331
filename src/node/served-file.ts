import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { isInside, readBoundedFile } from "./read-bounded-file.js";

/** A file as it is sent. */
export interface ServedFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** SHA-256 of the content, in quotes: the same whatever the encoding it travels in. */
  readonly etag: string;
  /** Its name is its digest, so its content never changes. */
  readonly immutable: boolean;
}

const MAXIMUM_FILE_BYTES = 1024 * 1024 * 1024;

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  [".json", "application/json"],
  [".sig", "application/json"],
  [".wasm", "application/wasm"],
  [".js", "text/javascript; charset=utf-8"],
  [".mjs", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".html", "text/html; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".md", "text/plain; charset=utf-8"],
  [".wit", "text/plain; charset=utf-8"],
  [".gz", "application/gzip"],
  [".png", "image/png"],
  [".jpg", "image/jpeg"],
  [".webp", "image/webp"],
  [".svg", "image/svg+xml"],
]);

// A registry's keys are often kept beside it; they are the last thing to be served.
const SECRET_EXTENSIONS: ReadonlySet<string> = new Set([".pem", ".key"]);

const DIGEST_NAME = /^[0-9a-f]{64}\.\w+$/;

/**
 * The file that a request's path names below `root`, or `undefined` if there is none that may be served.
 * Nothing outside `root` is, neither through `..` in any spelling nor through a link; nor is a name that
 * begins with a dot, or a key file.
 *
 * @param root - a real path, without links
 * @param requestPath - the path of the URL, as it was sent, percent-encoding and all
 */
export async function readServedFile(root: string, requestPath: string): Promise<ServedFile | undefined> {
  const parts = pathParts(requestPath);
  if (parts === undefined) return undefined;
  try {
    const path = await realpath(join(root, ...parts));
    // The real name decides: a link to a key file is a key file.
    if (!isInside(root, path) || !isServable(path.slice(root.length).split(/[/\\]/))) return undefined;
    return describe(path, await readBoundedFile(path, MAXIMUM_FILE_BYTES, "download"));
  } catch {
    // Whatever is wrong with a file, its reason is nobody's business on the other side.
    return undefined;
  }
}

function pathParts(requestPath: string): string[] | undefined {
  let path: string;
  try {
    path = decodeURIComponent(requestPath);
  } catch {
    return undefined;
  }
  const [first, ...parts] = path.split("/");
  if (first !== "" || parts.length === 0) return undefined;
  // Backslashes separate and colons name drives and streams on Windows.
  const isPlain = parts.every((part) => part !== "" && !part.startsWith(".") && !/[\\:\0]/.test(part));
  return isPlain && isServable(parts) ? parts : undefined;
}

function isServable(parts: readonly string[]): boolean {
  const name = parts.at(-1) ?? "";
  return !parts.some((part) => part.startsWith(".")) && !SECRET_EXTENSIONS.has(extname(name).toLowerCase());
}

function describe(path: string, bytes: Uint8Array): ServedFile {
  return {
    bytes,
    contentType: CONTENT_TYPES.get(extname(path).toLowerCase()) ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(bytes).digest("hex")}"`,
    immutable: DIGEST_NAME.test(basename(path)),
  };
}

const COMPRESSIBLE = /^(?:text\/|application\/(?:json|wasm)|image\/svg)/;
const COMPRESSED_BYTES = 128 * 1024 * 1024;

/** Compresses files, and remembers the results by content, up to 128 MiB of them. */
export class FileCompressor {
  readonly #results = new Map<string, Uint8Array>();
  #size = 0;

  /** The file's content in gzip, or `undefined` if that would not make it smaller. */
  async compress({ bytes, contentType, etag }: ServedFile): Promise<Uint8Array | undefined> {
    if (!COMPRESSIBLE.test(contentType) || bytes.length < 1024) return undefined;
    let compressed = this.#results.get(etag);
    if (compressed === undefined) {
      compressed = await promisify(gzip)(bytes, { level: 6 });
      this.#remember(etag, compressed);
    }
    return compressed.length < bytes.length ? compressed : undefined;
  }

  #remember(etag: string, compressed: Uint8Array): void {
    if (this.#results.has(etag)) return;
    this.#results.set(etag, compressed);
    this.#size += compressed.length;
    for (const [oldest, { length }] of this.#results) {
      if (this.#size <= COMPRESSED_BYTES) return;
      this.#results.delete(oldest);
      this.#size -= length;
    }
  }
}
