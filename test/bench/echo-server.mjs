/**
 * A WebSocket and nothing behind it, in a process of its own, as a bridge is: what a bridge is compared with. It answers each
 * message with as many bytes as the address asks for (`?answer=<bytes>`), those of the message first. Prints its port, and ends with
 * its standard input.
 */
import { WebSocketServer } from "ws";

const MOST_BYTES = 64 * 2 ** 20;

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, maxPayload: MOST_BYTES });
server.on("listening", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen on a port of the loopback");
  console.log(address.port);
});
server.on("connection", (socket, { url = "/" }) => {
  const length = Math.min(MOST_BYTES, Number(new URL(url, "ws://127.0.0.1").searchParams.get("answer")));
  const filling = Buffer.alloc(length);
  socket.on("message", (/** @type {Buffer} */ message) => socket.send(message.length < length ? filling : message.subarray(0, length)));
});
process.stdin.resume().on("end", () => process.exit());
