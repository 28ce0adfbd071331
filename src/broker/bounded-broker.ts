import type { Broker, HostOperation } from "./broker.js";
import { ReportedFailure } from "./call-errors.js";

/**
 * A broker none of whose operations takes longer than `milliseconds`: what it asks, such as the app's own storage, may never
 * answer. The instance is told that the page failed; what comes later is left to nobody.
 */
export function boundedBroker(broker: Broker, milliseconds: number): Broker {
  const operations = [...broker.operations].map(([name, perform]) => [name, bounded(name, perform, milliseconds)] as const);
  return { operations: new Map(operations), dispose: () => broker.dispose?.() };
}

function bounded(name: string, perform: HostOperation, milliseconds: number): HostOperation {
  return (values, call) => {
    const answer = perform(values, call);
    if (!(answer instanceof Promise)) return answer;
    return new Promise((resolve, reject) => {
      const late = () => reject(new ReportedFailure(`${name} did not end within the ${milliseconds} ms that the limit hostCallMilliseconds allows`));
      const timer = setTimeout(late, milliseconds);
      void answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  };
}
