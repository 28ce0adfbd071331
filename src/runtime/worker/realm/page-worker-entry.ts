import { filesystemExtension } from "../../../wasi/filesystem/filesystem-extension.js";
import { hostFunctionExtension } from "../../../wasi/host-functions.js";
import { httpExtension } from "../../../wasi/http/http-extension.js";
import { keyValueExtension } from "../../../wasi/keyvalue.js";
import { createChannelFactory } from "./host-calls.js";
import type { Instantiate } from "./plugin-service.js";
import { startWorker } from "./start-worker.js";

/** The entry of a worker in which something that was granted lives on the page. */
export default function start(loadGlue: () => Instantiate): void {
  startWorker(loadGlue, {
    channels: createChannelFactory(),
    extensions: [hostFunctionExtension, filesystemExtension, httpExtension, keyValueExtension],
  });
}
