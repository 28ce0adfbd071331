import { PluginError } from "../errors/plugin-error.js";

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  /** The most that is read; what is longer is refused before it is held in memory. */
  readonly maximumBytes: number;
  readonly signal: AbortSignal | undefined;
  /** `no-cache` asks the server whether the stored copy is current. */
  readonly cache: RequestCache;
  readonly onProgress?: (loadedBytes: number, totalBytes: number | undefined) => void;
}

/**
 * Fetches a file. Credentials go to the page's own origin only.
 *
 * @returns the bytes, or `null` if the server says that there is no such file.
 * @throws {PluginError} `source-unreachable`, `package-too-large`; or the signal's own reason.
 */
export async function fetchBytes(url: URL, options: FetchOptions): Promise<Uint8Array | null> {
  const { signal, cache, maximumBytes } = options;
  try {
    const response = await options.fetch(url, { cache, credentials: "same-origin", ...(signal === undefined ? {} : { signal }) });
    // What is not read must not go on downloading.
    if (!response.ok) void response.body?.cancel();
    if (response.status === 404 || response.status === 410) return null;
    if (!response.ok) throw unreachable(url, `the server answered ${response.status} ${response.statusText}`.trim());
    const total = declaredLength(response);
    if (total !== undefined && total > maximumBytes) throw tooLarge(url, maximumBytes);
    return await readBounded(url, response, total, options);
  } catch (error) {
    if (error instanceof PluginError) throw error;
    if (signal?.aborted === true) throw signal.reason;
    throw unreachable(url, error instanceof Error ? error.message : String(error), error);
  }
}

/** What the server says that it sends; nothing if it is compressed on the way, because then it says that size. */
function declaredLength({ headers }: Response): number | undefined {
  const length = Number(headers.get("content-length") ?? Number.NaN);
  return headers.has("content-encoding") || !Number.isSafeInteger(length) ? undefined : length;
}

async function readBounded(url: URL, response: Response, total: number | undefined, options: FetchOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) {
    length += step.value.length;
    if (length > options.maximumBytes) {
      void reader?.cancel();
      throw tooLarge(url, options.maximumBytes);
    }
    chunks.push(step.value);
    options.onProgress?.(length, total);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function unreachable(url: URL, reason: string, cause?: unknown): PluginError {
  const message = `Cannot fetch ${url.href}: ${reason}. Check the address, the connection and the server's CORS headers`;
  return new PluginError({ code: "source-unreachable", stage: "download", message, cause });
}

function tooLarge(url: URL, maximumBytes: number): PluginError {
  const message = `Cannot fetch ${url.href}: it is longer than the ${maximumBytes} bytes that are allowed or declared for it`;
  return new PluginError({ code: "package-too-large", stage: "download", message });
}
