import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import { endProcesses } from "./end-processes.js";
import { identityText, isAlive, ownIdentity, parseIdentity } from "./process-identity.js";
import { surveyProcesses } from "./process-survey.js";
import { runProgram } from "./run-program.js";

/** User numbers that belong to nobody, from the first to the last. The group of each has the same number. */
export interface UserRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Below what systemd gives to its dynamic users, and above its home users and those that distributions give out: a range that
 * systemd's own table ("Users, Groups, UIDs and GIDs on systemd Systems") has as unused.
 */
export const DEFAULT_USER_RANGE: UserRange = { first: 60_706, last: 61_183 };

/** A user that one instance has to itself. */
export interface InstanceUser {
  readonly uid: number;
  readonly gid: number;
  /** Gives it back. Nothing of it may be running. */
  release(): void;
}

/** 2^32 - 2: the number after it means "no user" to the system. */
const LAST_USER = 4_294_967_294;

/**
 * Users for instances, one each: the limit on processes counts for a user, and one user's processes cannot signal or read
 * another's. Only root can start a process as somebody else.
 *
 * Several executors may share a range, so that each use is claimed by a file whose name says who claims it. A claim is made
 * before others are looked for: of two at the same time, at least one sees the other, and goes on to the next user.
 */
export class InstanceUsers {
  readonly #range: UserRange;
  readonly #claims: string;
  readonly #owner = identityText(ownIdentity());
  #next: number;

  /**
   * @param claims - where all executors of this system look. Default: a folder in `/run`, or in that for temporary files.
   * @throws {PluginError} `usage-invalid` for a range that is none, or if claims cannot be kept.
   */
  constructor(range: UserRange, claims?: string) {
    if (!isRange(range)) throw unusable(`their range is ${range.first} to ${range.last}. It must be of whole numbers from 1 to ${LAST_USER}, the first not above the last`);
    this.#range = range;
    this.#claims = firstOwn(claims === undefined ? ["/run", tmpdir()].map((parent) => join(parent, "portcullis-users")) : [claims]);
    // Not always from the first: executors that start together would meet at every step.
    this.#next = range.first + Math.floor(Math.random() * (range.last - range.first + 1));
  }

  /** @returns `undefined` if all are in use. */
  async take(): Promise<InstanceUser | undefined> {
    for (let tried = this.#range.last - this.#range.first; tried >= 0; tried -= 1) {
      const uid = this.#next;
      this.#next = uid === this.#range.last ? this.#range.first : uid + 1;
      const user = await this.#claim(uid);
      if (user !== undefined) return user;
    }
    return undefined;
  }

  /** Ends what executors that were killed left running, and forgets their claims. */
  async recover(): Promise<void> {
    const abandoned = new Set(this.#allClaims().flatMap(({ uid, owner }) => (isAlive(owner) ? [] : [uid])));
    // Under a claim of our own: otherwise another executor could be giving that user to an instance of its own just now.
    for (const uid of abandoned) (await this.#claim(uid))?.release();
  }

  async #claim(uid: number): Promise<InstanceUser | undefined> {
    const path = join(this.#claims, `${uid}.${this.#owner}.${randomBytes(8).toString("hex")}`);
    writeFileSync(path, "", { flag: "wx", mode: 0o600 });
    const others = this.#allClaims().filter((claim) => claim.uid === uid && claim.path !== path);
    const isTaken = others.some(({ owner }) => isAlive(owner));
    if (!isTaken) for (const abandoned of others) await this.#endAbandoned(abandoned);
    // A user who has processes, and of whom no claim is known, is somebody else's: those are not for us to end.
    if (!isTaken && (await processesOf(uid)).length === 0) return { uid, gid: uid, release: () => remove(path) };
    remove(path);
    return undefined;
  }

  async #endAbandoned({ uid, path }: Claim): Promise<void> {
    const left = await endUser({ uid, gid: uid });
    if (left.length === 0) remove(path);
  }

  #allClaims(): readonly Claim[] {
    return readdirSync(this.#claims).flatMap((name) => {
      const [uid = "", owner = ""] = name.split(".");
      const identity = parseIdentity(owner);
      return identity !== undefined && /^[1-9][0-9]{0,9}$/.test(uid) ? [{ uid: Number(uid), owner: identity, path: join(this.#claims, name) }] : [];
    });
  }
}

interface Claim {
  readonly uid: number;
  readonly owner: NonNullable<ReturnType<typeof parseIdentity>>;
  readonly path: string;
}

/**
 * Ends everything that runs as this user. One that is done by another in less time than it takes to look for it can only be met by a
 * signal to all, which the kernel sends at one moment, and which only somebody of that user can send to no others.
 *
 * @returns the numbers of what could not be ended.
 */
export async function endUser(user: Pick<InstanceUser, "uid" | "gid">): Promise<readonly number[]> {
  // As root it would end the system.
  await runProgram("/bin/sh", ["-c", '[ "$(id -u)" = "$1" ] && [ "$1" -gt 0 ] && kill -KILL -1', "sh", String(user.uid)], user);
  return endProcesses(() => processesOf(user.uid));
}

/** Everything that runs as this user, in whatever role: a program that became root by its file's mode keeps its real user. */
export async function processesOf(uid: number): Promise<readonly number[]> {
  return (await surveyProcesses()).flatMap(({ pid, users }) => (users.includes(uid) ? [pid] : []));
}

function isRange({ first, last }: UserRange): boolean {
  return Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 1 && first <= last && last <= LAST_USER;
}

/** The first folder that is this user's own. Only root may write in `/run`; in the folder for temporary files anybody can be first. */
function firstOwn(folders: readonly string[]): string {
  const problems: string[] = [];
  for (const path of folders) {
    const problem = ownDirectoryProblem(path);
    if (problem === undefined) return path;
    problems.push(`${path} ${problem}`);
  }
  throw unusable(`which are in use is kept in a folder that only this user can change, and ${problems.join("; ")}. Make one of them writable for this user alone`);
}

function ownDirectoryProblem(path: string): string | undefined {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) return `cannot be made (${String(error)})`;
  }
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return "vanished while it was made";
  const isOwn = status.isDirectory() && status.uid === process.geteuid?.() && (status.mode & 0o022) === 0;
  return isOwn ? undefined : "belongs to another user, or others may write in it";
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another executor removed it: its owner was dead.
  }
}

function unusable(reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot give instances users of their own: ${reason}` });
}
