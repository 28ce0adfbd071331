import { once } from "node:events";
import { WebSocket, WebSocketServer, type WebSocket as Socket } from "ws";
import { BRIDGE_PROTOCOL } from "../../../../src/runtime/bridge/frame-types.js";
import { type ClientFrame, decodeClientFrame, encodeServerFrame, type ServerFrame } from "../../../../src/runtime/bridge/frames.js";

export const WELCOME: ServerFrame = { tag: "welcome", val: { heartbeatMilliseconds: 60_000, messageBytes: 1024n * 1024n, instances: 8, calls: 8 } };

/** A server that speaks the protocol as a test says, over real sockets. */
export interface ScriptedBridge {
  readonly url: string;
  /** Every frame that came, in order. */
  readonly received: ClientFrame[];
  /** Subprotocols of each connection. */
  readonly protocols: string[][];
  readonly sockets: Socket[];
  send(frame: ServerFrame): void;
  close(): Promise<void>;
}

export interface Script {
  /** What is sent at once; `null` for nothing. */
  readonly greeting?: Uint8Array | string | null;
  readonly onFrame?: (frame: ClientFrame, bridge: ScriptedBridge) => void;
  readonly port?: number;
  /** Refuses the handshake. */
  readonly refuse?: boolean;
}

export async function scriptedBridge({ greeting = encodeServerFrame(WELCOME), onFrame, port = 0, refuse = false }: Script = {}): Promise<ScriptedBridge> {
  // Node 20 has no WebSocket of its own; this one has the browser's interface.
  globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket;
  const server = new WebSocketServer({ host: "127.0.0.1", port, handleProtocols: () => BRIDGE_PROTOCOL, verifyClient: () => !refuse });
  await once(server, "listening");
  const address = server.address();
  const bridge: ScriptedBridge = {
    url: `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`,
    received: [],
    protocols: [],
    sockets: [],
    send: (frame) => bridge.sockets.at(-1)?.send(encodeServerFrame(frame)),
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("connection", (socket, request) => {
    bridge.sockets.push(socket);
    bridge.protocols.push((request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/));
    socket.on("message", (data) => {
      const frame = decodeClientFrame(new Uint8Array(data as Buffer));
      if (typeof frame === "string") throw new Error(frame);
      bridge.received.push(frame);
      onFrame?.(frame, bridge);
    });
    if (greeting !== null) socket.send(greeting);
  });
  return bridge;
}
