import { processesOf } from "./instance-users.js";
import { identityOf, isAlive, ownIdentity, type ProcessIdentity } from "./process-identity.js";
import { childrenOf, hasArgument, hasEnvironment, type SurveyedProcess, surveyProcesses, worksIn } from "./process-survey.js";

/** Other work waits meanwhile. */
const MOST_REMEMBERED = 1_000;

/** Tells which processes belong to one instance, also those that left its group and session. */
export interface ProcessFinder {
  /** Among those of a survey that was made for several instances. */
  among(survey: readonly SurveyedProcess[]): readonly SurveyedProcess[];
  /** All that there are now, by every sign. */
  all(): Promise<readonly number[]>;
  /** To be called before anything is ended: what descends from the first process cannot be told by that any more afterwards. */
  remember(): void;
  /** The first process has ended and was waited for: its number may be given to another. */
  leaderEnded(): void;
}

/** Of an instance with a user of its own: whatever runs as that user, and nothing can be hidden. */
export function findByUser(uid: number): ProcessFinder {
  return {
    among: (survey) => survey.filter(({ users }) => users.includes(uid)),
    all: async () => processesOf(uid),
    remember: () => {},
    leaderEnded: () => {},
  };
}

/** The signs of an instance that runs as the same user as everything else. */
export interface InstanceSigns {
  /** Number of the first process, which leads a group and a session. */
  readonly leader: number;
  /** What only it was given as an argument. */
  readonly argument: string;
  /** `NAME=value` that its environment was given. */
  readonly variable: string;
  readonly directory: string | undefined;
}

/**
 * Of an instance that has the user of this process: by group, session, descent, arguments, environment and working directory. What
 * rids itself of all of them at once, between two looks, escapes, and so does what is done by another, again and again, in less time
 * than a look takes. Only a user of its own or bubblewrap rules that out.
 */
export function findBySigns({ leader, argument, variable, directory }: InstanceSigns): ProcessFinder {
  const known = new Map<number, ProcessIdentity>();
  // Whatever has a sign by chance, such as somebody's shell in that directory, is left alone if it was there before.
  const since = (identityOf(leader) ?? ownIdentity()).startTime;
  const isYounger = (pid: number): boolean => (identityOf(pid)?.startTime ?? -1) >= since;
  let hasEnded = false;
  const select = (survey: readonly SurveyedProcess[], hasSign: (pid: number) => boolean): readonly SurveyedProcess[] => {
    for (const [pid, identity] of known) if (!isAlive(identity)) known.delete(pid);
    // A group's number is free again when its last process has ended. Whoever leads one of this number now is somebody else.
    const isReused = hasEnded && survey.some(({ pid }) => pid === leader);
    const isOurs = ({ pid, group, session }: SurveyedProcess): boolean =>
      pid !== process.pid && (known.has(pid) || (((!isReused && (pid === leader || group === leader || session === leader)) || hasSign(pid)) && isYounger(pid)));
    const found = withDescendants(survey, survey.filter(isOurs));
    for (const { pid } of found) note(pid);
    return found;
  };
  const note = (pid: number): void => {
    const identity = known.get(pid) ?? identityOf(pid);
    if (identity !== undefined) known.set(pid, identity);
  };
  return {
    among: (survey) => select(survey, () => false),
    all: async () => {
      const own = process.geteuid?.() ?? -1;
      const survey = (await surveyProcesses()).filter(({ users }) => users.includes(own));
      return select(survey, (pid) => hasEnvironment(pid, variable) || hasArgument(pid, argument) || (directory !== undefined && worksIn(pid, directory))).map(({ pid }) => pid);
    },
    remember: () => {
      const open = hasEnded ? [...known.keys()] : [leader, ...known.keys()];
      for (let pid = open.pop(), count = 0; pid !== undefined && count < MOST_REMEMBERED; pid = open.pop(), count += 1) {
        note(pid);
        open.push(...childrenOf(pid));
      }
    },
    leaderEnded: () => {
      hasEnded = true;
    },
  };
}

function withDescendants(survey: readonly SurveyedProcess[], found: readonly SurveyedProcess[]): readonly SurveyedProcess[] {
  const numbers = new Set(found.map(({ pid }) => pid));
  for (let before = -1; before !== numbers.size;) {
    before = numbers.size;
    for (const { pid, parent } of survey) if (numbers.has(parent) && pid !== process.pid) numbers.add(pid);
  }
  return survey.filter(({ pid }) => numbers.has(pid));
}
