/** Why a bridge closes a WebSocket, by the code of its close frame. Codes above 4000 are an application's own (RFC 6455 §7.4.2). */
export const CLOSE_CODE = {
  /** The bridge stops: connect again, perhaps to another. */
  goingAway: 1001,
  /** The token has expired or was taken back: connecting again needs another. */
  unauthorized: 4001,
  /** What was sent is no part of the protocol. Connecting again would not help. */
  protocol: 4400,
  /** Nothing was sent and nothing ran for long: connect again when something is wanted. */
  idle: 4408,
} as const;
