import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { TrustPolicy } from "../../trust/trust-policy.js";
import type { Executor } from "../executor/executor.js";
import type { ExecutorLog } from "../executor/executor-log.js";
import type { PluginCatalogue } from "../executor/plugin-catalogue.js";
import type { AuthenticateToken } from "./authenticator.js";
import type { BridgeLimits } from "./bridge-limits.js";
import type { BridgeToken } from "./token-list.js";

/** What a bridge runs, for whom, and how much of it. */
export interface BridgeOptions {
  /** Holds `<id>/<version>/`, as `portcullis pack` writes them: plugins whose runtime is `rust` or `python`. Others are passed over. */
  readonly plugins: string;
  /** Whose plugins are run. */
  readonly trust: TrustPolicy;
  /** Exact origins of the pages that may connect, such as `https://app.example.com`. */
  readonly origins: readonly string[];
  /** Lets programs connect that are no browsers, and so send no origin. Browsers always send one. @defaultValue false */
  readonly allowMissingOrigin?: boolean;
  /**
   * Names under which the bridge may be asked for, as the `Host` header has them: `bridge.example.com`, or with a port where it is not
   * the scheme's own. @defaultValue localhost, 127.0.0.1 and [::1], at the port at which the request came in
   */
  readonly hosts?: readonly string[];
  /** Path at which it takes connections. @defaultValue `/` */
  readonly path?: string;
  /** Tokens that open connections. */
  readonly tokens?: readonly BridgeToken[];
  /** A file of such tokens, one a line, `#` before comments, perhaps an instant of expiry behind each. It is read again when it changes. */
  readonly tokenFile?: string;
  /** Says whether the app knows a token, and until when. For tokens that an app gives out itself, and that live shortly. */
  readonly authenticate?: AuthenticateToken;
  /**
   * Makes what runs the instances, of what the bridge admitted. It is closed with the bridge.
   *
   * @defaultValue processes of this machine, as `createLocalExecutor` starts them
   */
  readonly executor?: (catalogue: PluginCatalogue, log: ExecutorLog) => Executor | Promise<Executor>;
  readonly limits?: Partial<BridgeLimits>;
  /** Bounds of one package. @defaultValue those of a page */
  readonly packageLimits?: PluginLimits;
  /** Takes the log, one JSON object a line, without the line's end. @defaultValue nothing is logged */
  readonly log?: (line: string) => void;
  /** Whose failed attempts are counted together. @defaultValue the address that the connection came from, which behind a proxy is the proxy's */
  readonly clientAddress?: (request: IncomingMessage) => string;
  /** The time, by which tokens expire. */
  readonly now?: () => Date;
}

/** A bridge, to be mounted on an HTTP server. */
export interface Bridge {
  /**
   * For the server's `upgrade` event.
   *
   * @returns `false` for a path that is not the bridge's: nothing was done then, and the socket is still the caller's.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /**
   * For the server's `request` event: answers `/healthz` and `/metrics`, below the bridge's own path.
   *
   * @returns `false` for anything else: nothing was done then.
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes no new connections and starts nothing more, lets running calls end within the limit, and then closes. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}
