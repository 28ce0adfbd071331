// The bridge, which runs the filters in Python and native code: in this process, and on the page's own server.
import { Tickets } from "./tickets.mjs";

/** Below the page's address. Vite's development server has its own WebSocket at the address itself. */
export const BRIDGE_PATH = "bridge";

/**
 * @typedef {object} MountedBridge
 * @property {import("portcullis/node").LocalExecutor} executor What it runs filters with.
 * @property {import("vite").Plugin} plugin Puts it on Vite's server, and ends it with that.
 * @property {() => Promise<void>} close Ends its processes.
 */

/**
 * Makes the bridge for the filters of this registry.
 *
 * @param {import("./registry.mjs").Registry} registry
 * @param {string} address where the page will be: no other page may use the bridge
 * @returns {Promise<MountedBridge>}
 */
export async function createFilterBridge({ folder, publisherKey }, address) {
  // By name and late: this command may just have built it.
  const { createBridge, createLocalExecutor, trustKeys } = await import("portcullis/node");
  const tickets = new Tickets();
  const { origin, host } = new URL(address);
  /** @type {import("portcullis/node").LocalExecutor | undefined} */
  let executor;
  const bridge = await createBridge({
    plugins: folder,
    trust: trustKeys([publisherKey]),
    origins: [origin],
    hosts: [host],
    path: `/${BRIDGE_PATH}`,
    authenticate: (token) => Promise.resolve(tickets.redeem(token) ? { subject: "Darkroom" } : undefined),
    executor: (catalogue) => (executor = createLocalExecutor({ catalogue })),
    log: printProblem,
  });
  if (executor === undefined) throw new Error("the bridge was made without its executor");
  return { executor, plugin: mountingPlugin(bridge, ticketHandler(tickets, { origin, host })), close: () => bridge.close() };
}

/**
 * @param {import("portcullis/node").Bridge} bridge
 * @param {import("vite").Connect.NextHandleFunction} giveTicket
 * @returns {import("vite").Plugin}
 */
function mountingPlugin(bridge, giveTicket) {
  /**
   * @param {import("vite").ViteDevServer | import("vite").PreviewServer} server
   * @param {boolean} isAlone whether nobody else takes upgrades there
   */
  const mount = ({ httpServer, middlewares }, isAlone) => {
    middlewares.use(`/${BRIDGE_PATH}/token`, giveTicket);
    httpServer?.on("upgrade", (request, socket, head) => {
      if (!bridge.handleUpgrade(request, socket, head) && isAlone) socket.destroy();
    });
  };
  return {
    name: "darkroom:bridge",
    configureServer: (server) => mount(server, false),
    configurePreviewServer: (server) => mount(server, true),
    closePreviewServer: () => bridge.close(),
    // Of a development server, whose end this is.
    closeBundle: () => bridge.close(),
  };
}

/**
 * Gives tickets to the page and to nobody else. Vite lets pages of other ports of this machine read what it answers, and a page
 * of anywhere may have a name that leads here by now; browsers say both with every POST.
 *
 * @param {Tickets} tickets
 * @param {{ readonly origin: string, readonly host: string }} own
 * @returns {import("vite").Connect.NextHandleFunction}
 */
function ticketHandler(tickets, { origin, host }) {
  return (request, response) => {
    const isOwn = request.headers.origin === origin && request.headers.host === host;
    const status = request.method !== "POST" ? 405 : isOwn ? 200 : 403;
    response.writeHead(status, { "Content-Type": "text/plain", "Cache-Control": "no-store" });
    response.end(status === 200 ? tickets.issue() : "");
  };
}

/** @param {string} line of the bridge's log */
function printProblem(line) {
  const { level, ...entry } = JSON.parse(line);
  if (level === "error") console.error(`Bridge: ${JSON.stringify(entry)}`);
}
