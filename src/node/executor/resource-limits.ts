import type { ProcessLimits } from "./process-limits.js";

const KIBIBYTE = 1024;
/** POSIX has `ulimit -f` count in these, and so do dash, busybox and bash when it is `sh`. */
const BLOCK = 512;
/** Of a process's first thread, which grows on its own: what Linux systems give. */
const STACK_BYTES = 8 * 1024 * 1024;
/** Between the signal that says why (SIGXCPU) and the one that cannot be caught. */
const LAST_SECONDS = 5;

/** What the kernel bounds of each process of an instance. */
export interface ResourceLimits extends Pick<ProcessLimits, "openFiles" | "diskBytes" | "processorSeconds"> {
  /**
   * Private memory that can be written, in bytes. Addresses are not bounded: V8 reserves far more of them than it ever uses.
   */
  readonly dataBytes: number;
  /** Processes and threads of the instance's user, or of everything that this user runs. */
  readonly processes: number;
}

// The limit on processes is -u in bash and -p in dash and busybox; -p is something else in bash, so that -u is tried first. A limit that
// cannot be set is in order where the system already has one that is tighter.
const PREAMBLE = `
umask 077
bound() { ulimit "$1" "-$2" "$3" 2>/dev/null || case "$(ulimit "$1" "-$2" 2>/dev/null)" in ''|*[!0-9]*) return 1 ;; esac; }
both() { bound -S "$1" "$2" && bound -H "$1" "$2"; }
refuse() { echo "portcullis: this shell cannot limit $1" >&2; exit 126; }
`;

// Node marks its own descriptors so that no program inherits them. Those that Node itself was started with, and those of other native
// code, are not all marked, and here they must be closed by number. Most shells only know numbers of one digit.
const CLOSING = `
for path in /proc/self/fd/*; do
  number="\${path##*/}"
  case "$number" in
    [0-3] | '*') ;;
    [4-9]) eval "exec $number>&-" ;;
    *) [ ! -e "$path" ] || CLOSE ;;
  esac
done
`;
const CLOSE_ANY = 'eval "exec $number>&-"';
const CLOSE_NONE = 'refuse "descriptors: number $number was inherited, and only bash can close it"';

/**
 * A script for a shell that closes all descriptors above 3, sets the limits on itself and then becomes the program in its
 * arguments, which cannot raise them again. Memory that is short one day is taken from plugins before it is taken from this process.
 *
 * @param closesAny - the shell is bash.
 */
export function limitingScript({ dataBytes, processes, openFiles, diskBytes, processorSeconds }: ResourceLimits, closesAny: boolean): string {
  const blocks = Math.ceil(diskBytes / BLOCK);
  return `${PREAMBLE}${CLOSING.replace("CLOSE", () => (closesAny ? CLOSE_ANY : CLOSE_NONE))}
both c 0 || refuse "core dumps"
both d ${Math.ceil(dataBytes / KIBIBYTE)} || refuse memory
both s ${STACK_BYTES / KIBIBYTE} || refuse stacks
both f ${blocks} || refuse "the size of files"
both n ${openFiles} || refuse "open files"
bound -S t ${processorSeconds} && bound -H t ${processorSeconds + LAST_SECONDS} || refuse "processor time"
both u ${processes} || both p ${processes} || refuse processes
echo 1000 2>/dev/null >/proc/self/oom_score_adj || :
exec "$@"
`;
}
