import { SILENT_LOG } from "./executor-log.js";
import { createLocalExecutor, type LocalExecutor, type LocalExecutorOptions } from "./local-executor.js";

/**
 * Makes an executor, finds out what can be done here, and clears away what executors left that were killed.
 * An isolation that is required must work; what else is missing is logged, and looked for again with the first instance.
 *
 * @throws {PluginError} `usage-invalid`, `runtime-unsupported`
 */
export async function startLocalExecutor(options: LocalExecutorOptions): Promise<LocalExecutor> {
  const executor = createLocalExecutor(options);
  const prepared = executor.prepare();
  if (options.isolation !== "required") {
    prepared.catch((error: unknown) => (options.log ?? SILENT_LOG).warn("not-ready", { reason: String(error) }));
    return executor;
  }
  try {
    await prepared;
    return executor;
  } catch (error) {
    await executor.close();
    throw error;
  }
}
