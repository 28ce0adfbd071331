import type { HostAnswer, HostCallRequest, HostCallTransport, Outcome } from "../../../rpc/messages.js";
import { awaitSharedAnswer, NEXT_PIECE } from "../../../rpc/shared-answer.js";
import { ImportError } from "../../../wasi/guest-context.js";
import type { HostChannel } from "../../../wasi/host-channel.js";

/** What a channel needs of its surroundings. */
export interface ChannelRealm {
  readonly post: (message: { readonly hostCall: HostCallRequest }) => void;
  /** Ends the instance: gives the trap to throw. */
  readonly end: (reason: Outcome) => WebAssembly.RuntimeError;
}

/** Makes the worker's end of host calls, and what takes the page's answers. */
export interface ChannelFactory {
  create(transport: HostCallTransport, realm: ChannelRealm): HostChannel;
  /** Takes an answer that came as a message. */
  receive(message: unknown): void;
}

/** The channel of a worker in which nothing was granted that lives on the page. */
export function noChannel(end: ChannelRealm["end"]): HostChannel {
  const refuse = (operation: string): never => {
    throw end({ kind: "host-failed", message: `${operation} lives on the page, and this instance has no way there` });
  };
  return { call: refuse, send: () => undefined };
}

/** Host calls over both transports. */
export function createChannelFactory(): ChannelFactory {
  const waiting = new Map<number, (answer: HostAnswer) => void>();
  return {
    create: (transport, realm) => (transport.kind === "shared-memory" ? sharedMemoryChannel(transport.buffer, realm) : suspendingChannel(waiting, realm)),
    receive(message) {
      // The page made it: only our own runtime's page can post here.
      const { id, answer } = message as { readonly id: number; readonly answer: HostAnswer };
      const settle = waiting.get(id);
      waiting.delete(id);
      settle?.(answer);
    },
  };
}

function sharedMemoryChannel(buffer: SharedArrayBuffer, realm: ChannelRealm): HostChannel {
  const send = (operation: string, values: readonly unknown[]) => realm.post({ hostCall: { id: 0, operation, arguments: values } });
  return {
    send,
    call(operation, values) {
      realm.post({ hostCall: { id: 1, operation, arguments: values } });
      const answer = awaitSharedAnswer(buffer, () => send(NEXT_PIECE, []));
      if (answer.kind === "ok") return answer.value;
      throw answer.kind === "err" ? new ImportError(answer.value) : realm.end(ending(answer));
    },
  };
}

function suspendingChannel(waiting: Map<number, (answer: HostAnswer) => void>, realm: ChannelRealm): HostChannel {
  let last = 0;
  return {
    send: (operation, values) => realm.post({ hostCall: { id: 0, operation, arguments: values } }),
    call: (operation, values) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, (answer) => {
          if (answer.kind === "ok") resolve(answer.value);
          else if (answer.kind === "err") reject(new ImportError(answer.value));
          // Never settled: glue would hang, or let the guest go on, after a rejection that is no error result. The call that
          // the guest is in is answered with the reason instead, and the page ends the worker.
          else realm.end(ending(answer));
        });
        realm.post({ hostCall: { id: last, operation, arguments: values } });
      }),
  };
}

function ending(answer: Exclude<HostAnswer, { readonly kind: "ok" | "err" }>): Outcome {
  if (answer.kind === "denied") return { kind: "denied", authority: answer.authority, import: answer.import };
  return { kind: "host-failed", message: answer.message };
}
