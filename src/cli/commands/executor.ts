import { type Command, usageError } from "../command.js";
import { EXECUTOR_OPTIONS, executorSettings, logTo, requiredText, trustOf } from "./executor-options.js";

/** `portcullis executor` */
export const executorCommand: Command = {
  name: "executor",
  summary: "Run native and Python plugins on this machine, for bridges that order them over NATS",
  usage: "--plugins <directory> --trust <key|file> --executors nats://…",
  options: [
    ...EXECUTOR_OPTIONS,
    { name: "executors", value: "nats://…", repeatable: true, description: "NATS over which bridges order: nats:// or tls://, perhaps with a user and password or a token before the host" },
  ],
  examples: [
    ["executor --plugins plugins --trust keys/publisher.pub --executors nats://nats.internal:4222", "Take orders for the plugins of a directory, which the bridges must have too"],
    ["executor --plugins plugins --trust keys/publisher.pub --executors nats://nats.internal:4222 --isolation required --instances 16", "Only in bubblewrap, and not more than 16 at a time"],
  ],
  async run({ positionals, options, session }) {
    if (positionals.length > 0) throw usageError(`${positionals.join(" ")} was not expected: what the executor runs is said by --plugins`);
    const directory = requiredText(options, "plugins", "where the plugins are");
    const servers = options.texts("executors");
    if (servers.length === 0) throw usageError("Say where orders come from: --executors nats://…");
    const settings = executorSettings(options);
    const trust = await trustOf(options);
    const { startExecutor } = await import("../../node/bridge/start-executor.js");
    const service = await startExecutor({ directory, trust, servers, ...settings, log: logTo(session) });
    const { terminal, style } = session;
    const interrupted = terminal.waitForInterrupt();
    session.print({ instances: settings.instances }, () => [`${style.green("taking orders")} ${style.dim(`(up to ${settings.instances} instances; stop with Ctrl+C)`)}`]);
    await interrupted;
    await service.drain();
    return 0;
  },
};
