/*
 * In a frame: one operation of an installer, in whose middle the frame is removed, and with it the realm, its connections,
 * its locks and everything that it was waiting for.
 */
import * as installed from "./installed.js";

const { request, operation, strike } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
await installed.open(request);
await installed.operate("recover");

const remove = () => globalThis.frameElement?.remove();
if ("milliseconds" in strike) setTimeout(remove, strike.milliseconds);
else {
  // At one certain request of the database, before it is made.
  let count = 0;
  for (const name of ["put", "get", "getAll", "getAllKeys", "delete"]) {
    const original = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (...values) {
      count += 1;
      if (count === strike.request) remove();
      return original.apply(this, values);
    };
  }
}
await installed.operate(...operation);
globalThis.parent.postMessage("done", "*");
