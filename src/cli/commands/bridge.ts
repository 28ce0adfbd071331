import type { BridgeOptions } from "../../node/bridge/bridge-options.js";
import type { ServeBridgeOptions } from "../../node/bridge/serve-bridge.js";
import { type Command, type OptionValues, usageError } from "../command.js";
import { EXECUTOR_OPTIONS, executorSettings, logTo, requiredText, trustOf } from "./executor-options.js";

const DEFAULT_LISTEN = "127.0.0.1:4010";

/** `portcullis bridge` */
export const bridgeCommand: Command = {
  name: "bridge",
  summary: "Run native and Python plugins on this machine, for web pages that connect to it",
  usage: "--plugins <directory> --trust <key|file> --token-file <file> --allow-origin <origin>",
  options: [
    ...EXECUTOR_OPTIONS,
    { name: "listen", short: "l", value: "address", description: `Address and port, 0 for any free one (default: ${DEFAULT_LISTEN}, this machine only)` },
    { name: "token-file", value: "file", description: "Tokens that open connections, one a line, each perhaps followed by an instant of expiry. It is read again when it changes" },
    { name: "allow-origin", short: "o", value: "origin", repeatable: true, description: "A page that may connect, such as https://app.example.com" },
    { name: "allow-no-origin", description: "Let programs connect that are no browsers, and so send no origin" },
    { name: "allow-host", value: "host", repeatable: true, description: "A name under which the bridge may be asked for (default: localhost, 127.0.0.1 and [::1])" },
    { name: "path", value: "path", description: "Path at which pages connect (default: /)" },
    { name: "executors", value: "nats://…", repeatable: true, description: "Have instances run by portcullis executor, over this NATS, instead of here" },
    { name: "behind-tls-proxy", description: "A proxy before the bridge speaks TLS: allow addresses that a network reaches, and believe its X-Forwarded-For" },
  ],
  examples: [
    ["bridge --plugins plugins --trust keys/publisher.pub --token-file tokens --allow-origin http://localhost:5173", "Run the plugins of a directory for an app in development"],
    ["bridge --plugins plugins --trust keys/publisher.pub --token-file tokens --allow-origin https://app.example.com --allow-host bridge.example.com --listen 0.0.0.0:4010 --behind-tls-proxy --isolation required", "The same for an app in production, behind a proxy"],
    ["bridge --plugins plugins --trust keys/publisher.pub --token-file tokens --allow-origin https://app.example.com --executors nats://nats.internal:4222", "Have the plugins run by executors elsewhere"],
  ],
  async run({ positionals, options, session }) {
    if (positionals.length > 0) throw usageError(`${positionals.join(" ")} was not expected: what the bridge runs is said by --plugins`);
    const service = await startBridge(await bridgeOptions(options, logTo(session)));
    const { terminal, style } = session;
    const interrupted = terminal.waitForInterrupt();
    const { url, port } = service;
    session.print({ url, port }, () => [`${style.green("bridging")} ${style.bold(url)} ${style.dim("(stop with Ctrl+C)")}`]);
    await interrupted;
    await service.drain();
    return 0;
  },
};

// What serves and runs is large, and other commands need none of it.
async function startBridge(options: ServeBridgeOptions) {
  const { serveBridge } = await import("../../node/bridge/serve-bridge.js");
  return serveBridge(options);
}

async function bridgeOptions(options: OptionValues, log: (line: string) => void): Promise<ServeBridgeOptions> {
  const plugins = requiredText(options, "plugins", "where the plugins are");
  const tokenFile = requiredText(options, "token-file", "which tokens open connections");
  const [origins, hosts, path] = [options.texts("allow-origin"), options.texts("allow-host"), options.text("path")];
  const allowMissingOrigin = options.has("allow-no-origin");
  if (origins.length === 0 && !allowMissingOrigin) throw usageError("Say which page may connect: --allow-origin <origin>");
  return {
    plugins, tokenFile, origins, allowMissingOrigin, log,
    trust: await trustOf(options),
    listen: options.text("listen") ?? DEFAULT_LISTEN,
    behindTlsProxy: options.has("behind-tls-proxy"),
    executor: executorFactory(options),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(path === undefined ? {} : { path }),
  };
}

/** @throws {PluginError} `usage-invalid` for options of which one makes another meaningless. */
function executorFactory(options: OptionValues): NonNullable<BridgeOptions["executor"]> {
  const servers = options.texts("executors");
  if (servers.length > 0) {
    const given = ["isolation", "warm", "instances"].find((name) => options.has(name));
    if (given !== undefined) throw usageError(`--${given} is for whoever runs the instances: give it to portcullis executor`);
    return async (_catalogue, log) => {
      const { createNatsExecutor } = await import("../../node/executor/nats-executor.js");
      return createNatsExecutor({ servers, log });
    };
  }
  const settings = executorSettings(options);
  return async (catalogue, log) => {
    const { startLocalExecutor } = await import("../../node/executor/start-local-executor.js");
    return startLocalExecutor({ catalogue, log, ...settings });
  };
}
