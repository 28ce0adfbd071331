import { describe, expect, test } from "vitest";
import { createNatsExecutor } from "../../../src/node/executor/nats-executor.js";
import { MISSING_NATS, startNats } from "./nats-server.js";

describe.skipIf(MISSING_NATS !== undefined)(MISSING_NATS ?? "the way to NATS", () => {
  test.each([["http://127.0.0.1:4222"], ["127.0.0.1"], ["nats://"]])("refuses the address %s", async (server) => {
    await expect(createNatsExecutor({ servers: [server] })).rejects.toMatchObject({ code: "usage-invalid" });
  });

  test("says when there is no NATS, and when it is not let in, without the password", async () => {
    const nats = await startNats({ options: ["--user", "bridge", "--pass", "right-password"] });
    const address = (login: string): string => nats.url.replace("//", `//${login}@`);
    const error: unknown = await createNatsExecutor({ servers: [address("bridge:wrong-password")] }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "bridge-unreachable" });
    expect(String(error)).not.toContain("wrong-password");
    await (await createNatsExecutor({ servers: [address("bridge:right-password")] })).close();
    await expect(createNatsExecutor({ servers: [nats.url.replace("nats:", "tls:")] })).rejects.toMatchObject({ code: "bridge-unreachable" });
    await nats.kill();
    await expect(createNatsExecutor({ servers: [nats.url] })).rejects.toMatchObject({ code: "bridge-unreachable" });
  });
});
