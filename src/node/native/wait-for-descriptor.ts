import type { ForeignFunctions } from "./foreign-functions.js";
import type { Direction } from "./frame-channel.js";

/** `struct pollfd { int fd; short events; short revents; }` */
const POLL_BYTES = 8;
const EVENTS_AT = 4;
/** `POLLIN` and `POLLOUT`, on Linux and macOS. */
const EVENTS: Readonly<Record<Direction, number>> = { read: 1, write: 4 };

/** Waits by `poll(2)` until a descriptor that does not wait by itself can be read or written. */
export function waitForDescriptor({ system }: ForeignFunctions, descriptor: number): (direction: Direction) => void {
  const poll = system.func("poll", "int", ["void *", "unsigned long", "int"]);
  return (direction) => {
    const wanted = new DataView(new ArrayBuffer(POLL_BYTES));
    wanted.setInt32(0, descriptor, true);
    wanted.setInt16(EVENTS_AT, EVENTS[direction], true);
    poll(new Uint8Array(wanted.buffer), 1, -1);
  };
}
