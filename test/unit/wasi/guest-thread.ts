/** A guest's thread, which waits in shared memory for the page's answers. */
import { parentPort, workerData } from "node:worker_threads";
import { runScenario, SCENARIOS, type ScenarioRequest } from "./guest-scenarios.js";
import { KEY_VALUE_SCENARIOS } from "./keyvalue-scenarios.js";

const port = parentPort;
if (port === null) throw new Error("this is no thread");
const result = await runScenario({ ...SCENARIOS, ...KEY_VALUE_SCENARIOS }, workerData as ScenarioRequest, (message) => port.postMessage(message), () => undefined);
port.postMessage({ result });
