import { execFile } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HOSTILE_RUNNER, isRoot, SHARED_BUBBLEWRAP } from "./executor-fixture.js";
import type { AttackResult } from "./ordinary-user-program.js";

/** A user that belongs to nobody, and to no executor. */
const USER = 61_990;
const ATTACKS: ReadonlyMap<string, RegExp> = new Map([
  ["echo fine", /^fine$/],
  ["detach", /^detached$/],
  ["hidden detach", /^detached$/],
  ["stubborn_soon", /^done$/],
  // All that this user runs counts there, so that its limit is above what the bomb has tokens for: what matters is what is left.
  ["fork_bomb", /^(?:Resource temporarily unavailable|no limit) after/],
  ["allocate_shared", /bytes of memory together/],
  ["nameless memory", /its files take/],
  ["hidden nameless memory", /hides what it has open/],
  ["many_files", /files and folders/],
]);

let folder = "";

/** The program and what it imports as one script, since it runs as a user who may not be able to read the sources. */
async function bundle(): Promise<void> {
  const result = await build({
    configFile: false, logLevel: "warn",
    ssr: { noExternal: true },
    build: { ssr: fileURLToPath(new URL("ordinary-user-program.ts", import.meta.url)), write: false, target: "node20", rolldownOptions: { output: { codeSplitting: false } } },
  });
  const [chunk] = Array.isArray(result) || !("output" in result) ? [] : result.output;
  if (chunk?.type !== "chunk") throw new Error("The program became no script");
  writeFileSync(join(folder, "program.mjs"), chunk.code);
}

// Root has rights that an ordinary user does not have: to look into every process, and to start one as another user.
describe.skipIf(!isRoot)("an executor of an ordinary user", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "portcullis-ordinary-"));
    chmodSync(folder, 0o755);
    chownSync(folder, USER, USER);
    copyFileSync(HOSTILE_RUNNER, join(folder, "hostile-runner.py"));
    await bundle();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([["required", SHARED_BUBBLEWRAP.unavailable], ["none", undefined]])("attack: everything that instances can do, with isolation %s, leaves nothing", async (isolation, unavailable) => {
    if (unavailable !== undefined) return;
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "program.mjs"), join(folder, "hostile-runner.py"), folder, isolation, ...ATTACKS.keys()], {
      uid: USER, gid: USER, env: { PATH: "/usr/bin:/bin", HOME: folder }, cwd: folder,
    });
    const results = stdout.trim().split("\n").map((line) => JSON.parse(line) as AttackResult);
    expect(results.map(({ attack }) => attack)).toEqual([...ATTACKS.keys()]);
    for (const { attack, outcome, left } of results) {
      expect([attack, outcome]).toEqual([attack, expect.stringMatching(ATTACKS.get(attack) ?? /./)]);
      expect([attack, left]).toEqual([attack, []]);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("portcullis-executor"))).toEqual([]);
  });
});
