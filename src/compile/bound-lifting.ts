import { closingBracket, type GlueToken, glueWords, matchesAt } from "./glue-tokens.js";
import { liftedBytes } from "./lifted-bytes.js";

/** The glue's last parameter, which counts what is lifted before it is allocated ({@link CompiledComponent.glue}). */
export const LIFT_BOUNDS = "liftBounds";

/**
 * Has the glue ask before it allocates what a plugin's length says: a JavaScript heap that runs full in a worker takes the
 * whole page down, and jco lifts lists element by element, by a length that is the guest's word. Strings and lists of
 * numbers are counted in the realm, by what they are made with.
 *
 * - Before each loop that lifts a list: the elements, and what one of them takes at most by the form of its code.
 * - In each `_liftFlat…` function, and where a stream is read, of WASI 0.3's path: what it makes itself.
 * - After the arguments of each host call: the next message begins.
 * - For each handle that a guest makes: the handles there are. jco's set of all representations ever used, which nothing
 *   reads and which only grows, is dropped (jco-transpile 0.15.0).
 *
 * @throws {SyntaxError} if a list is lifted in another way than in this version's.
 */
export function boundLifting(tokens: readonly GlueToken[]): GlueToken[] {
  const result: GlueToken[] = [];
  let lists = 0;
  const met = new Map<LiftFunction, number>(FUNCTIONS.map((known) => [known, 0]));
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    if (matchesAt(tokens, index, CREATED_HANDLE)) {
      result.push(...glueWords(`${LIFT_BOUNDS} . handles ( table . length ) ;`));
      index += CREATED_HANDLE.length - 1;
      continue;
    }
    const length = listLoopAt(tokens, index);
    if (length !== undefined) {
      lists += 1;
      const body = tokens.findIndex((candidate, position) => position > index && candidate.text === "{");
      result.push(...glueWords(`${LIFT_BOUNDS} . take ( ${length} , ${liftedBytes(tokens, body, closingBracket(tokens, body))} ) ;`));
    }
    result.push(token);
    if (token.text === ";" && matchesAt(tokens, index - ARGUMENTS_LIFTED.length + 1, ARGUMENTS_LIFTED)) result.push(...glueWords(`${LIFT_BOUNDS} . renew ( ) ;`));
    const entered = token.text === "{" ? FUNCTIONS.find(({ head }) => matchesAt(tokens, index - head.length + 1, head)) : undefined;
    if (entered === undefined) continue;
    met.set(entered, (met.get(entered) ?? 0) + 1);
    result.push(...glueWords(`${LIFT_BOUNDS} . take ( ${entered.count} , ${entered.bytes} ) ;`));
  }
  const isComplete = [...met].every(([{ declaration }, count]) => count === tokens.filter((_token, index) => matchesAt(tokens, index, declaration)).length);
  if (lists !== countLists(tokens) || !isComplete) throw new SyntaxError("a list is lifted in an unknown way");
  return result;
}

const CREATED_HANDLE = "table . _createdReps . add ( rep ) ;".split(" ");
/** In every function that calls the host, after its arguments were lifted: they are a message of their own. */
const ARGUMENTS_LIFTED = "const hostProvided = true ;".split(" ");
const EMPTY_LIST = "= [ ] ;".split(" ");

/**
 * The length, if at `index` a loop begins that lifts a list: `var result1 = []; for (let i = 0; i < len1; i++) {`. It is a
 * number for a list whose type has it.
 */
function listLoopAt(tokens: readonly GlueToken[], index: number): string | undefined {
  if (tokens[index]?.text !== "for" || !matchesAt(tokens, index - EMPTY_LIST.length, EMPTY_LIST)) return undefined;
  const length = tokens[index + 9]?.text ?? "";
  const isLoop = matchesAt(tokens, index, `for ( let i = 0 ; i < ${length} ; i + + ) {`.split(" "));
  return isLoop && /^(?:len)?\d+$/.test(length) ? length : undefined;
}

/** Lists that grow by what a guest says. Each must be known, or its guest could make it as long as it likes. */
function countLists(tokens: readonly GlueToken[]): number {
  const grown = new Set<string>();
  let declared = 0;
  tokens.forEach(({ text }, index) => {
    if (!/^result\d+$/.test(text)) return;
    if (matchesAt(tokens, index + 1, EMPTY_LIST)) declared += 1;
    if (matchesAt(tokens, index + 1, [".", "push"])) grown.add(text);
  });
  return grown.size === 0 ? 0 : declared;
}

interface LiftFunction {
  /** What stands once in the glue for each function of this kind. */
  readonly declaration: readonly string[];
  readonly head: readonly string[];
  readonly count: string;
  readonly bytes: string;
}

const inner = (name: string, count: string, bytes: string): LiftFunction => ({ declaration: ["function", `_liftFlat${name}`, "("], head: `function _liftFlat${name}Inner ( ctx ) {`.split(" "), count, bytes });

const FUNCTIONS: readonly LiftFunction[] = [
  inner("Record", "fieldMetas . length", "8"),
  inner("Tuple", "elemLiftFns . length", "8"),
  inner("Variant", "1", "16"),
  inner("Flags", "names . length", "4"),
  inner("Own", "1", "256"),
  // An array of numbers is made before the typed array is.
  {
    declaration: ["function", "_liftFlatList", "("],
    head: "readValuesAndReset = ( ctx , originalPtr , originalLen , dataPtr , len ) = > {".split(" "),
    count: "len", bytes: "typedArray === undefined ? 8 : elemSize32",
  },
  // What passes through a stream: how much at a time may be the word of the guest at both of its ends.
  { declaration: ["class", "ManagedBuffer", "{"], head: "read ( count , opts = { } ) {".split(" "), count: "count", bytes: "4" },
];
