import { spawn } from "node:child_process";
import { lstatSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createServer, type Server } from "node:net";
import koffi from "koffi";
import { afterEach, describe, expect, it } from "vitest";
import { BUBBLEWRAP, claimedUsers, type Mode, MODES, openExecutor, rejection, SHARED_BUBBLEWRAP, uniqueName, USERS } from "./executor-fixture.js";
import { makePlugin } from "./plugin-fixture.js";

interface Description {
  readonly directory: string;
  readonly uid: readonly number[];
  readonly pid: number;
  readonly start: { readonly directory: string };
  readonly hostname: string;
  readonly capabilities: string;
}

const servers = new Set<Server>();
afterEach(() => {
  for (const server of servers) server.close();
  servers.clear();
});

/** A server of this machine, as a database or a metadata service is one. */
async function listen(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, connections: () => connections };
}

const available = (mode: Mode): typeof it.skip => it.skipIf(mode.unavailable !== undefined);

describe.each([BUBBLEWRAP, SHARED_BUBBLEWRAP])("$name", (mode) => {
  const test = available(mode);

  test("attack: it opens the network", async () => {
    const { start, executor } = await openExecutor({ mode });
    const { port, connections } = await listen();
    const found = await (await start()).runJson<[string, string, string, string[]]>(`network ${port}`);
    expect(found[0]).toMatch(/^OSError|^ConnectionRefusedError/);
    expect(found[1]).not.toContain("done");
    expect(found[3]).toEqual(["lo"]);
    expect(connections()).toBe(0);
    expect(executor.report().isolation).toBe("bubblewrap");
  });

  test("attack: it writes wherever it can, and can nowhere but in its own directory", async () => {
    const { start } = await openExecutor({ mode, limits: { diskBytes: 4 * 1024 * 1024 } });
    const found = new Map(await (await start()).runJson<[string, string][]>("fill_everywhere"));
    // Its own directory by another name, and semaphores' memory: both full.
    expect(found.get("tmp")).toContain("No space left");
    expect(found.get("dev/shm")).toContain("No space left");
    for (const folder of ["", "dev", "plugin", "runtime", "usr", "etc"]) expect(found.get(folder)).toMatch(/Read-only file system|Permission denied/);
    for (const folder of ["var/tmp", "run", "home"]) expect(found.get(folder)).toContain("No such file");
    expect(found.get("proc")).not.toContain("done");
  });

  test("attack: it makes namespaces of its own, to have all capabilities in them", async () => {
    const { start } = await openExecutor({ mode });
    expect(await (await start()).run("namespaces")).not.toBe("done");
  });

  test("attack: it reads this system's files", async () => {
    const { start } = await openExecutor({ mode });
    const instance = await start();
    const files = ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/", "/home/", "/var/", "/run/", "/sys/", `${process.cwd()}/package.json`];
    for (const found of await instance.runJson<string[]>(`read_files ${JSON.stringify(files)}`)) expect(found).toMatch(/^FileNotFoundError/);
    const { hostname, capabilities, pid } = await instance.runJson<Description>("describe");
    expect([hostname, capabilities]).toEqual(["plugin", "0000000000000000"]);
    expect(pid).toBeLessThan(10);
  });
});

describe.each([BUBBLEWRAP, SHARED_BUBBLEWRAP, USERS])("$name", (mode) => {
  const test = available(mode);

  test("attack: it reads the environment of its executor, and signals it", async () => {
    // Another program of the executor's user, with its environment: its own was fixed when it was started.
    const bridge = spawn("sleep", ["600"], { env: { SECRET_OF_THE_BRIDGE: "token" }, stdio: "ignore" });
    try {
      const { start } = await openExecutor({ mode });
      const found = await (await start()).runJson<{ parent: string; seen: string[]; kills: string[] }>(`spy ${JSON.stringify([process.pid, bridge.pid])}`);
      expect(readFileSync(`/proc/${bridge.pid}/environ`, "latin1")).toContain("SECRET_OF_THE_BRIDGE");
      expect(found.seen).toEqual([]);
      for (const kill of found.kills) expect(kill).toMatch(/^PermissionError|^ProcessLookupError/);
      if (mode === USERS) expect(found.parent).toMatch(/^PermissionError/);
    } finally {
      bridge.kill("SIGKILL");
    }
  });

  test("attack: it reads, changes and signals another instance", async () => {
    const { start } = await openExecutor({ mode, plugin: await makePlugin() });
    const [victim, attacker] = [await start(), await start()];
    const { directory, pid } = await victim.runJson<Description>("describe");
    const path = `${directory}/own`;
    expect(await victim.runJson(`write_files ${JSON.stringify([path])}`)).toEqual(["done: 1"]);
    const attempts = [
      ...await attacker.runJson<string[]>(`read_files ${JSON.stringify([path, `${directory}/`, `/proc/${pid}/environ`, `/proc/${pid}/fd/`, `/proc/${pid}/root/`])}`),
      ...(await attacker.runJson<{ kills: string[] }>(`spy ${JSON.stringify([pid])}`)).kills,
    ];
    const { directory: own, pid: ownPid } = await attacker.runJson<Description>("describe");
    // Under bubblewrap all have the same names and numbers, and mean their own.
    if (mode === USERS) for (const attempt of attempts) expect(attempt).toMatch(/^PermissionError/);
    else expect([own, ownPid]).toEqual([directory, pid]);
    expect(await victim.runJson(`read_files ${JSON.stringify([path])}`)).toEqual(["done: b'xx'"]);
  });

  test("attack: it changes the verified files, for itself and for the next instance", async () => {
    const { start } = await openExecutor({ mode });
    const instance = await start();
    const { start: { directory } } = await instance.runJson<Description>("describe");
    const files = [`${directory}/acme_attack.py`, `${directory}/new.py`, `${directory}/vendor/inner/part.py`, `${directory}/vendor/new.py`];
    for (const found of await instance.runJson<string[]>(`write_files ${JSON.stringify(files)}`)) expect(found).not.toContain("done");
    for (const found of await instance.runJson<string[]>(`chmod_files ${JSON.stringify([directory, `${directory}/acme_attack.py`])}`)) expect(found).not.toContain("done");
    const next = await start();
    expect(await next.runJson(`read_files ${JSON.stringify([`${directory}/acme_attack.py`])}`)).toEqual([`done: ${pythonBytes("secret = 'of this package'\n")}`]);
  });
});

const pythonBytes = (text: string): string => `b"${text.replaceAll("\n", "\\n")}"`;

describe.skipIf(USERS.unavailable !== undefined)("users of their own", () => {
  it("attack: it lists what else the executor has, to read other packages", async () => {
    const { start } = await openExecutor({ mode: USERS });
    const instance = await start();
    const { directory } = await instance.runJson<Description>("describe");
    const [found] = await instance.runJson<string[]>(`read_files ${JSON.stringify([`${directory}/../`])}`);
    expect(found).toMatch(/^PermissionError/);
  });

  it("attack: it becomes another user by a program's mode", async () => {
    const { start } = await openExecutor({ mode: USERS });
    expect(await (await start()).run("become")).not.toContain("uid=0");
  });

  it("attack: it leaves files and shared memory for the next instance with its user", async () => {
    const user = 61_910;
    const { start } = await openExecutor({ isolation: "none", users: { first: user, last: user } });
    const name = uniqueName();
    const path = join("/", "tmp", `left-by-${name}`);
    const instance = await start();
    const { shared, uid } = await instance.runJson<{ shared: number; uid: number }>(`leave_behind ${name}`);
    try {
      expect(uid).toBe(user);
      expect(lstatSync(path).uid).toBe(user);
      expect(sharedMemory()).toContain(shared);
      await instance.end();
      expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
      expect(sharedMemory()).not.toContain(shared);
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
    // There is one user, and it was given back.
    const next = await start();
    expect(await rejection(start())).toMatchObject({ code: "busy", message: expect.stringContaining("users") as string });
    await next.end();
  });

  it("attack: two executors share a range, and one ends the other's instances with its own", async () => {
    const users = { first: 61_920, last: 61_923 };
    const [one, other] = [await openExecutor({ isolation: "none", users }), await openExecutor({ isolation: "none", users })];
    const instances = await Promise.all([one.start(), other.start(), one.start(), other.start()]);
    const found = await Promise.all(instances.map((instance) => instance.runJson<Description>("describe")));
    expect(new Set(found.map(({ uid }) => uid[0])).size).toBe(4);
    await one.executor.close();
    expect(await instances[1]?.run("echo alive")).toBe("alive");
    expect(await instances[3]?.run("echo alive")).toBe("alive");
  });
});

const sharedMemory = (): readonly number[] => readFileSync("/proc/sysvipc/shm", "latin1").trim().split("\n").slice(1).map((line) => Number(line.trim().split(/\s+/)[1]));

describe.each(MODES)("descriptors under $name", (mode) => {
  available(mode)("attack: this process was started with descriptors that are open for every program", async () => {
    // Node marks all of its own. `dup` of the C library gives one that is not marked, as other native code does.
    const duplicate = koffi.load("libc.so.6").func("int dup2(int, int)");
    const close = koffi.load("libc.so.6").func("int close(int)");
    expect(duplicate(0, 8)).toBe(8);
    expect(duplicate(0, 217)).toBe(217);
    try {
      const { start } = await openExecutor({ mode });
      const { descriptors, uid: [uid = 0] } = await (await start()).runJson<{ descriptors: Record<string, string>; uid: number[] }>("describe");
      if (uid !== process.geteuid?.()) claimedUsers.add(uid);
      expect(Object.keys(descriptors)).toEqual(["0", "1", "2", "3", "4"]);
    } finally {
      close(8);
      close(217);
    }
  });
});
