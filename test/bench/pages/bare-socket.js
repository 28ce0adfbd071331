/* A WebSocket with nothing behind it, which answers at once. */

/**
 * @param {string} url - of the echo server.
 * @param {{ sent: number, received: number }} sizes - of the messages, in bytes.
 * @returns a function that sends one message and gives its answer's bytes, and one that closes the connection.
 */
export async function openBareSocket(url, { sent, received }) {
  const socket = new WebSocket(`${url}?answer=${received}`);
  socket.binaryType = "arraybuffer";
  const waiting = [];
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onclose = ({ code }) => reject(new Error(`the echo server closed the connection with ${code}`));
  });
  socket.onmessage = ({ data }) => waiting.shift()(data);
  const message = new Uint8Array(sent);
  const roundTrip = async () => {
    const answer = await new Promise((resolve) => {
      waiting.push(resolve);
      socket.send(message);
    });
    if (answer.byteLength !== received) throw new Error(`the echo server sent ${answer.byteLength} bytes, and not ${received}`);
  };
  return { roundTrip, close: () => socket.close() };
}

/**
 * What one call sends over its connection, and what comes back: what a bare socket must carry to be compared with it.
 *
 * @returns {Promise<{ sent: number, received: number }>} bytes.
 */
export async function messageSizes(call) {
  const { send } = WebSocket.prototype;
  const [sent, received] = [[], []];
  const observing = new AbortController();
  const hear = ({ data }) => received.push(data.byteLength);
  WebSocket.prototype.send = function observedSend(message) {
    this.addEventListener("message", hear, { signal: observing.signal });
    sent.push(message.byteLength);
    send.call(this, message);
  };
  try {
    await call();
    // The call may be over between the connection's own listener and the one here.
    await new Promise((resolve) => setTimeout(resolve));
  } finally {
    WebSocket.prototype.send = send;
    observing.abort();
  }
  if (sent.length !== 1 || received.length !== 1) throw new Error(`one call took ${sent.length} messages, and ${received.length} back`);
  return { sent: sent[0], received: received[0] };
}
