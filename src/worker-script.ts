import { workerSource } from "virtual:portcullis/worker-source";

/**
 * The plugin worker's runtime as text: one JavaScript expression, a function that takes the plugin's glue.
 * For apps that build a sandbox of their own.
 */
export default workerSource;
