// Where the page will be. It must be known before the filters are packed: a permission for the network names its origin.
import { createServer } from "node:net";

export const HOST = "127.0.0.1";
/** Of package.toml files, which must be whole as they are. */
export const WRITTEN_ADDRESS = `http://${HOST}:4173/`;
/** How many ports are tried after the wanted one. */
const ATTEMPTS = 20;

/** @param {number} port */
export const addressAt = (port) => `http://${HOST}:${port}/`;

/**
 * The wanted port, or the next free one; any free one for 0.
 *
 * @param {number} wanted
 * @returns {Promise<number>}
 */
export async function findPort(wanted) {
  for (let port = wanted; port <= Math.min(65_535, wanted + ATTEMPTS); port += 1) {
    const free = await tryPort(port);
    if (free !== undefined) return free;
  }
  throw new Error(`no port from ${wanted} on is free; give another one with --port`);
}

/**
 * @param {number} port
 * @returns {Promise<number | undefined>} the port, if it is free
 */
function tryPort(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}
