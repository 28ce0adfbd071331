import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeAbandoned } from "../../../src/node/executor/executor-folder.js";
import { InstanceUsers } from "../../../src/node/executor/instance-users.js";
import { identityOf, identityText, isAlive, ownIdentity, parseIdentity } from "../../../src/node/executor/process-identity.js";
import { isRoot } from "./executor-fixture.js";

/** None of those that executors take when they are not told otherwise. */
const USER = 61_940;

let folder = "";
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-recovery-"));
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** A process that an executor's instance could have left. */
function leave(options: { readonly user?: number; readonly environment?: Record<string, string> }): { readonly pid: number; readonly gone: Promise<unknown> } {
  const child = spawn("/bin/sleep", ["600"], { stdio: "ignore", detached: true, env: options.environment ?? {}, ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }) });
  children.add(child);
  return { pid: child.pid ?? 0, gone: new Promise((resolve) => child.once("exit", resolve)) };
}

/** The identity of a process that has ended. */
async function deadOwner(): Promise<string> {
  const { pid, gone } = leave({});
  const identity = identityOf(pid);
  process.kill(pid, "SIGKILL");
  await gone;
  if (identity === undefined) throw new Error("it had no identity");
  return identityText(identity);
}

describe("a process's identity", () => {
  it("tells a process apart from a later one with its number", async () => {
    const own = ownIdentity();
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, startTime: own.startTime - 1 })).toBe(false);
    expect(parseIdentity(identityText(own))).toEqual(own);
    expect(isAlive(parseIdentity(await deadOwner()) ?? own)).toBe(false);
    for (const text of ["", "1", "1-", "-1-5", "1-5-xyz", "1e3-5-00000000", "12345678901-5-00000000", "0-5-00000000"]) expect(parseIdentity(text)).toBeUndefined();
  });
});

describe.skipIf(!isRoot)("users of instances", () => {
  it("are one for each, and are given back", async () => {
    const users = new InstanceUsers({ first: USER, last: USER + 2 }, folder);
    const taken = [await users.take(), await users.take(), await users.take()];
    expect(new Set(taken.map((user) => user?.uid))).toEqual(new Set([USER, USER + 1, USER + 2]));
    expect(await users.take()).toBeUndefined();
    taken[1]?.release();
    expect((await users.take())?.uid).toBe(taken[1]?.uid);
  });

  it("are shared out between executors that take them at the same time", async () => {
    const executors = Array.from({ length: 4 }, () => new InstanceUsers({ first: USER, last: USER + 7 }, folder));
    const taken = await Promise.all(executors.flatMap((users) => [users.take(), users.take()]));
    const uids = taken.flatMap((user) => (user === undefined ? [] : [user.uid]));
    expect(new Set(uids).size).toBe(uids.length);
    // At the same time both may step back from one; each is free again then.
    for (const user of taken) user?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that have processes of somebody else's are left alone, and so are those processes", async () => {
    const { pid } = leave({ user: USER });
    const users = new InstanceUsers({ first: USER, last: USER }, folder);
    expect(await users.take()).toBeUndefined();
    await users.recover();
    expect(identityOf(pid)).toBeDefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("attack: an executor was killed, and what its instances left runs on", async () => {
    const [one, two] = [leave({ user: USER }), leave({ user: USER + 1 })];
    writeFileSync(join(folder, `${USER}.${await deadOwner()}.00`), "");
    writeFileSync(join(folder, `${USER + 1}.${identityText(ownIdentity())}.00`), "");
    await new InstanceUsers({ first: USER, last: USER + 1 }, folder).recover();
    await one.gone;
    // The other's owner lives.
    expect(identityOf(two.pid)).toBeDefined();
    expect(readdirSync(folder)).toEqual([`${USER + 1}.${identityText(ownIdentity())}.00`]);
  });

  it("attack: somebody else made the folder that says which are in use, or may write in it", () => {
    const other = join(folder, "other");
    mkdirSync(other);
    chownSync(other, USER, USER);
    symlinkSync(other, join(folder, "link"));
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    for (const claims of [other, join(folder, "link"), open]) {
      expect(() => new InstanceUsers({ first: USER, last: USER }, claims)).toThrow(expect.objectContaining({ code: "usage-invalid" }));
    }
    expect(() => new InstanceUsers({ first: USER, last: USER }, join(folder, "new"))).not.toThrow();
  });
});

describe("what killed executors left", () => {
  it("attack: an executor was killed, and its folder and processes stay", async () => {
    const dead = await deadOwner();
    const own = identityText(ownIdentity());
    const [abandoned, living, foreign] = [`portcullis-executor.${dead}.abc`, `portcullis-executor.${own}.abc`, "another"].map((name) => join(folder, name));
    for (const path of [abandoned, living, foreign]) mkdirSync(join(path ?? "", "work-1"), { recursive: true });
    chmodSync(join(abandoned ?? "", "work-1"), 0);
    const [left, kept] = [leave({ environment: { PORTCULLIS_INSTANCE: `${dead}.00` } }), leave({ environment: { PORTCULLIS_INSTANCE: `${own}.recovery-test` } })];
    await removeAbandoned(folder);
    await left.gone;
    expect(identityOf(kept.pid)).toBeDefined();
    expect(readdirSync(folder).sort()).toEqual(["another", `portcullis-executor.${own}.abc`]);
    process.kill(kept.pid, "SIGKILL");
    await kept.gone;
  });

  it("attack: a link has the name of an abandoned folder", async () => {
    const target = join(folder, "target");
    mkdirSync(target);
    writeFileSync(join(target, "file"), "x");
    symlinkSync(target, join(folder, `portcullis-executor.${await deadOwner()}.abc`));
    await removeAbandoned(folder);
    expect(readdirSync(target)).toEqual(["file"]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it("nothing, in a folder that is not there", async () => {
    await expect(removeAbandoned(join(folder, "nowhere"))).resolves.toBeUndefined();
  });
});
