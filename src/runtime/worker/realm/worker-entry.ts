import type { Instantiate } from "./plugin-service.js";
import { startWorker } from "./start-worker.js";

/** The entry of a worker in which nothing that was granted lives on the page. */
export default function start(loadGlue: () => Instantiate): void {
  startWorker(loadGlue);
}
