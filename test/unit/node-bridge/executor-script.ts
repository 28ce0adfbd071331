/** An executor over NATS in a process of its own, to be killed. Its arguments: the address of NATS. */
import { runNatsExecutor } from "../../../src/node/executor/nats-executor-service.js";
import { EchoExecutor } from "./echo-executor.js";

await runNatsExecutor({ servers: process.argv.slice(2), executor: new EchoExecutor(), times: { heartbeatMilliseconds: 50, silenceMilliseconds: 1_000 } });
process.stdout.write("ready\n");
