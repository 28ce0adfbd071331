import { serveRegistry } from "../../node/serve.js";
import { onlyPositional, type Command } from "../command.js";

const DEFAULT_PORT = 8080;

/** `portcullis serve` */
export const serveCommand: Command = {
  name: "serve",
  summary: "Serve a registry over HTTP, for development and small installations",
  usage: "<directory> [--port <number>] [--listen <address>]",
  options: [
    { name: "port", short: "p", value: "number", description: `Port; 0 for any free one (default: ${DEFAULT_PORT})` },
    { name: "listen", value: "address", description: "Address to listen at (default: 127.0.0.1, this machine only)" },
  ],
  examples: [["serve plugins", "Serve plugins/ at http://127.0.0.1:8080/"]],
  async run(input) {
    const { options, session } = input;
    const { style, terminal } = session;
    const host = options.text("listen");
    const server = await serveRegistry({
      directory: onlyPositional(input, "directory"),
      port: options.number("port", { minimum: 0, maximum: 65_535 }) ?? DEFAULT_PORT,
      ...(host === undefined ? {} : { host }),
      onRequest: ({ method, path, status }) => {
        if (terminal.stderr.isTerminal) terminal.stderr.write(`${status} ${method} ${JSON.stringify(path).slice(1, -1)}\n`);
      },
    });
    const interrupted = terminal.waitForInterrupt();
    const { url, port } = server;
    session.print({ url, port }, () => [`${style.green("serving")} ${style.bold(url)} ${style.dim("(stop with Ctrl+C)")}`]);
    await interrupted;
    await server.close();
    return 0;
  },
};
