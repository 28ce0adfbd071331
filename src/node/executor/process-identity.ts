import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In ticks since the system started; 0 where there is no `/proc` to say so. */
  readonly startTime: number;
  /** Where it has that number: containers may share folders, and know nothing of each other's processes. */
  readonly place: string;
}

const PLACE = createHash("sha256").update(`${hostname()} ${numberSpace()}`).digest("hex").slice(0, 8);

function numberSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** Fields of proc(5)'s `stat`, counted from the end of the command's name: that stands in parentheses and may have any character in it. */
const [STATE, START_TIME] = [0, 19];

/** @returns `undefined` if there is none, or it has ended and only its parent does not know yet. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const startTime = Number(fields[START_TIME]);
    return Number.isSafeInteger(startTime) && !/^[ZX]/.test(fields[STATE] ?? "Z") ? { pid, startTime, place: PLACE } : undefined;
  } catch {
    return isRunning(pid) ? { pid, startTime: 0, place: PLACE } : undefined;
  }
}

/** Whether exactly this process is there. Of one elsewhere nobody here can say that it is not. */
export function isAlive({ pid, startTime, place }: ProcessIdentity): boolean {
  return place !== PLACE || identityOf(pid)?.startTime === startTime;
}

/** As part of a file's name. */
export function identityText({ pid, startTime, place }: ProcessIdentity): string {
  return `${pid}-${startTime}-${place}`;
}

/** Reads what {@link identityText} wrote. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [, pid, startTime, place] = /^([1-9][0-9]{0,9})-([0-9]{1,15})-([0-9a-f]{8})$/.exec(text) ?? [];
  return pid === undefined || startTime === undefined || place === undefined ? undefined : { pid: Number(pid), startTime: Number(startTime), place };
}

/** This process, in every file and mark that it leaves, so that a later executor can tell whether its owner still lives. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, startTime: 0, place: PLACE };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
