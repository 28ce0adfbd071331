import { connect, errors, type NatsConnection as Client } from "@nats-io/transport-node";
import { PluginError } from "../../errors/plugin-error.js";

/** Where NATS is. */
export interface NatsServers {
  /**
   * Addresses of one cluster, such as `nats://127.0.0.1:4222`. `tls://` insists on TLS. A user and password, or a token alone, may stand
   * before the host.
   */
  readonly servers: readonly string[];
}

/** How a request ended that got no answer. */
export type NoReply = "nobody" | "late" | "disconnected";

export type MessageHandler = (bytes: Uint8Array, reply: ((bytes: Uint8Array) => void) | undefined, subject: string) => void;

/** The little of NATS that is needed here. No other file knows its client. */
export interface NatsConnection {
  /** What one message may hold, in bytes. */
  readonly messageBytes: number;
  publish(subject: string, bytes: Uint8Array): void;
  /** @returns what ends the subscription. */
  subscribe(subject: string, queue: string | undefined, handler: MessageHandler): () => void;
  request(subject: string, bytes: Uint8Array, milliseconds: number): Promise<Uint8Array | NoReply>;
  /** What was published before has reached the server, as far as there is one. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

const RECONNECT_MILLISECONDS = 250;
const PING_MILLISECONDS = 5_000;
const CONNECT_MILLISECONDS = 5_000;

/**
 * Connects to NATS, and connects again whenever the connection is lost.
 *
 * @param onLost - the connection is gone: what was on its way in either direction may be lost.
 * @throws {PluginError} `usage-invalid` for addresses that are none, `bridge-unreachable` if there is no NATS.
 */
export async function connectNats({ servers }: NatsServers, onLost: () => void): Promise<NatsConnection> {
  const { addresses, login, tls } = parseServers(servers);
  let client: Client;
  try {
    client = await connect({
      servers: [...addresses], ...login, ...(tls ? { tls: {} } : {}),
      name: "portcullis", maxReconnectAttempts: -1, reconnectTimeWait: RECONNECT_MILLISECONDS, pingInterval: PING_MILLISECONDS, timeout: CONNECT_MILLISECONDS, ignoreAuthErrorAbort: true,
    });
  } catch (cause) {
    // An address may have a password in it.
    throw new PluginError({ code: "bridge-unreachable", stage: "configure", message: `Cannot reach NATS at ${addresses.join(", ")}: ${cause instanceof Error ? cause.message : String(cause)}. Check that it runs, the address, and who may connect`, cause });
  }
  void watch(client, onLost);
  return {
    get messageBytes() {
      return client.info?.max_payload ?? 1024 * 1024;
    },
    publish: (subject, bytes) => {
      if (!client.isClosed()) client.publish(subject, bytes);
    },
    subscribe: (subject, queue, handler) => {
      const subscription = client.subscribe(subject, {
        ...(queue === undefined ? {} : { queue }),
        callback: (error, message) => {
          if (error !== null) return;
          // Where no answer is wanted, the client has an empty text.
          const isAnswerable = message.reply !== undefined && message.reply !== "";
          handler(message.data, isAnswerable ? (bytes) => void message.respond(bytes) : undefined, message.subject);
        },
      });
      return () => subscription.unsubscribe();
    },
    request: (subject, bytes, milliseconds) => request(client, subject, bytes, milliseconds),
    flushed: () => client.flush().catch(() => undefined),
    close: () => client.close(),
  };
}

async function watch(client: Client, onLost: () => void): Promise<void> {
  for await (const { type } of client.status()) {
    if (type === "disconnect") onLost();
  }
}

async function request(client: Client, subject: string, bytes: Uint8Array, milliseconds: number): Promise<Uint8Array | NoReply> {
  try {
    return (await client.request(subject, bytes, { timeout: Math.max(1, milliseconds) })).data;
  } catch (error) {
    // Some are wrapped in an error that says what was requested.
    const reason = error instanceof errors.RequestError && error.cause !== undefined ? error.cause : error;
    if (reason instanceof errors.NoRespondersError) return "nobody";
    return reason instanceof errors.TimeoutError ? "late" : "disconnected";
  }
}

/** @throws {PluginError} `usage-invalid` */
function parseServers(servers: readonly string[]): { readonly addresses: readonly string[]; readonly login: { user?: string; pass?: string; token?: string }; readonly tls: boolean } {
  const urls = servers.flatMap((text) => text.split(",")).map((text) => {
    if (!/^(?:nats|tls):\/\/[^/]/.test(text) || !URL.canParse(text)) throw unusable("it is no address of NATS such as nats://127.0.0.1:4222");
    return new URL(text);
  });
  const [first] = urls;
  if (first === undefined) throw unusable("none was given. Give one such as nats://127.0.0.1:4222");
  const [user, pass] = [decodeURIComponent(first.username), decodeURIComponent(first.password)];
  const login = user === "" ? {} : pass === "" ? { token: user } : { user, pass };
  return { addresses: urls.map(({ host, port }) => (port === "" ? `${host}:4222` : host)), login, tls: urls.some(({ protocol }) => protocol === "tls:") };
}

function unusable(reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot use the address of an executors' NATS: ${reason}` });
}
