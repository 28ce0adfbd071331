import { promisifyRequest, type UseStore } from "idb-keyval";

/**
 * A store for idb-keyval's functions, in place of its `createStore`, which falls short for data that must
 * never be in the way: it keeps a connection open against another tab that deletes the database (which
 * then waits for ever), goes on using a connection that was closed for that reason, and fails for ever on
 * a database of the same name that lacks the store.
 */
export function openStore(databaseName: string, storeName: string, options?: IDBTransactionOptions): UseStore {
  let opening: Promise<IDBDatabase> | undefined;
  const forget = (): void => {
    opening = undefined;
  };
  const connect = async (): Promise<IDBDatabase> => {
    const database = await open(databaseName, storeName);
    database.onclose = forget;
    database.onversionchange = () => {
      forget();
      database.close();
    };
    return database;
  };
  return async (mode, callback) => {
    opening ??= connect();
    try {
      const database = await opening;
      return await callback(database.transaction(storeName, mode, options).objectStore(storeName));
    } catch (error) {
      // Whatever it was, the next attempt starts with a new connection.
      opening?.then((database) => database.close(), () => undefined);
      forget();
      throw error;
    }
  };
}

async function open(databaseName: string, storeName: string): Promise<IDBDatabase> {
  const database = await promisifyRequest(openRequest(databaseName, storeName));
  if (database.objectStoreNames.contains(storeName)) return database;
  // Not made by this code: begin again with an empty one.
  database.close();
  await promisifyRequest(indexedDB.deleteDatabase(databaseName));
  return promisifyRequest(openRequest(databaseName, storeName));
}

function openRequest(databaseName: string, storeName: string): IDBOpenDBRequest {
  const request = indexedDB.open(databaseName);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName);
  return request;
}
