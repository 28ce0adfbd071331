/**
 * What the page may do, and with it everything that runs in it. Plugins' workers come from data: URLs and run in a
 * frame that has this policy and a tighter one of its own.
 */
export const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src data:",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Sent with every file by the preview; a meta element cannot say who may embed the page. */
export const HEADERS = {
  "Content-Security-Policy": `${CONTENT_POLICY}; frame-ancestors 'none'`,
  "Cross-Origin-Opener-Policy": "same-origin",
  // With the one above, the page has shared memory: filters can then wait for the page in every browser.
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};
