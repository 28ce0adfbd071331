/** The ways in which the test server can fail on request. */

/**
 * @typedef {object} Fault
 * @property {string} path The path that it strikes; one that ends in `/` strikes everything below.
 * @property {"status" | "truncate" | "hang" | "reset" | "stall" | "redirect" | "endless" | "type"} mode
 *   `status`: that status. `truncate`: promise all, send `bytes`, drop the connection. `reset`: drop it at once.
 *   `hang`: never answer. `stall`: send `bytes`, then nothing more. `redirect`: to `location`.
 *   `endless`: send zeros without end and without a length. `type`: the file with another content type.
 * @property {number} status
 * @property {number} bytes
 * @property {string} location
 * @property {string} type
 */

const MODES = ["status", "truncate", "hang", "reset", "stall", "redirect", "endless", "type"];

/**
 * @param {unknown} value A list of objects, with numbers also accepted as text
 * @returns {Fault[]}
 */
export function parseFaults(value) {
  if (!Array.isArray(value)) throw new TypeError("Cannot set faults: a list is wanted");
  return value.map((entry) => {
    const mode = MODES.find((known) => known === entry.mode);
    if (mode === undefined) throw new TypeError(`Cannot set a fault: mode ${JSON.stringify(entry.mode)} is none of ${MODES.join(", ")}`);
    return {
      path: String(entry.path ?? ""),
      mode: /** @type {Fault["mode"]} */ (mode),
      status: Number(entry.status ?? 500),
      bytes: Number(entry.bytes ?? 0),
      location: String(entry.location ?? "/"),
      type: String(entry.type ?? "text/plain"),
    };
  });
}

/**
 * @param {readonly Fault[]} faults
 * @param {string} path
 * @returns {Fault | undefined}
 */
export function findFault(faults, path) {
  return faults.find((fault) => fault.path === path || (fault.path.endsWith("/") && path.startsWith(fault.path)));
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Fault} fault
 * @param {import("./server-files.mjs").ServedFile | undefined} file
 */
export function answerWithFault(response, fault, file) {
  const { bytes, type } = file ?? { bytes: new Uint8Array(0), type: "application/octet-stream" };
  switch (fault.mode) {
    case "status":
      response.writeHead(fault.status).end();
      return;
    case "redirect":
      response.writeHead(302, { location: fault.location }).end();
      return;
    case "reset":
      response.destroy();
      return;
    case "hang":
      return;
    case "type":
      response.writeHead(200, { "content-type": fault.type }).end(bytes);
      return;
    case "truncate":
      response.writeHead(200, { "content-type": type, "content-length": bytes.byteLength });
      response.write(bytes.subarray(0, fault.bytes), () => response.destroy());
      return;
    case "stall":
      response.writeHead(200, { "content-type": type, "content-length": bytes.byteLength });
      response.flushHeaders();
      response.write(bytes.subarray(0, fault.bytes));
      return;
    case "endless":
      sendWithoutEnd(response, type);
  }
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {string} type
 */
function sendWithoutEnd(response, type) {
  const zeros = new Uint8Array(256 * 1024);
  response.writeHead(200, { "content-type": type });
  const sendMore = () => {
    if (!response.destroyed) response.write(zeros, () => setImmediate(sendMore));
  };
  sendMore();
}
