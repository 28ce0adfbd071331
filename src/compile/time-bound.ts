/**
 * Bounds each piece of work in time. After one that did not end in time, the next ones fail at once until
 * it does: an IndexedDB that never answers costs one waiting time, not one for each load.
 */
export function timeBound(milliseconds: number): <Value>(work: () => Promise<Value>) => Promise<Value> {
  const overdue = new Set<Promise<unknown>>();
  const noAnswer = (): Error => new Error(`IndexedDB did not answer within ${milliseconds} ms`);
  return async (work) => {
    if (overdue.size > 0) throw noAnswer();
    const working = work();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        overdue.add(working);
        const settled = (): boolean => overdue.delete(working);
        working.then(settled, settled);
        reject(noAnswer());
      }, milliseconds);
    });
    return Promise.race([working, timeout]).finally(() => clearTimeout(timer));
  };
}
