/** A network that fails: passes connections on to a port of this machine, and cuts them when it is told to. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class CuttingProxy {
  readonly #server: Server;
  readonly #connections = new Set<readonly [Socket, Socket]>();
  readonly port: number;
  /** Where connections are passed on to. */
  target = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(): Promise<CuttingProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const proxy = new CuttingProxy(server, typeof address === "object" && address !== null ? address.port : 0);
    server.on("connection", (near) => proxy.#pass(near));
    return proxy;
  }

  /** Connections that stand. */
  get size(): number {
    return this.#connections.size;
  }

  /** Cuts one of them, without a word to either side. */
  cutOne(choose: (count: number) => number): void {
    const all = [...this.#connections];
    for (const socket of all[choose(all.length)] ?? []) socket.destroy();
  }

  async close(): Promise<void> {
    for (const pair of this.#connections) for (const socket of pair) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(near: Socket): void {
    const far = connect(this.target, "127.0.0.1");
    const pair = [near, far] as const;
    this.#connections.add(pair);
    const end = (): void => {
      this.#connections.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    near.pipe(far);
    far.pipe(near);
  }
}
