import type { TrustPolicy } from "../../trust/trust-policy.js";
import type { LocalExecutorOptions } from "../executor/local-executor.js";
import { type NatsExecutorService, runNatsExecutor } from "../executor/nats-executor-service.js";
import { startLocalExecutor } from "../executor/start-local-executor.js";
import { jsonLog, logWith } from "./bridge-log.js";
import { PluginDirectory } from "./plugin-directory.js";

export interface StartExecutorOptions extends Pick<LocalExecutorOptions, "isolation" | "warm"> {
  /** Holds `<id>/<version>/`. The bridges must have the same packages. */
  readonly directory: string;
  readonly trust: TrustPolicy;
  /** Addresses of NATS. */
  readonly servers: readonly string[];
  readonly instances: number;
  /** Takes the log, one JSON object a line, without the line's end. */
  readonly log: (line: string) => void;
}

/**
 * Runs the plugins of a directory for bridges that order them over NATS. It admits each again itself.
 *
 * @throws {PluginError} `usage-invalid`, `source-unreachable`, `bridge-unreachable`, `runtime-unsupported`
 */
export async function startExecutor({ directory, trust, servers, isolation, warm, instances, log: write }: StartExecutorOptions): Promise<NatsExecutorService> {
  const log = jsonLog(write, () => new Date());
  const catalogue = await PluginDirectory.open({ directory, trust, log });
  const executor = await startLocalExecutor({ catalogue, instances, log: logWith(log, { part: "executor" }), ...(isolation === undefined ? {} : { isolation }), ...(warm === undefined ? {} : { warm }) });
  try {
    return await runNatsExecutor({ servers, executor, instances, log });
  } catch (error) {
    await executor.close();
    throw error;
  }
}
