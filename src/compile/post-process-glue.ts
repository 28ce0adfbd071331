import { PluginError } from "../errors/plugin-error.js";
import { bindDisposers } from "./bind-disposers.js";
import { boundLifting, LIFT_BOUNDS } from "./bound-lifting.js";
import { closingBracket, glueTokens, type GlueToken } from "./glue-tokens.js";
import { printGlue } from "./print-glue.js";
import { dropDebugLog, dropUnusedSuspending } from "./shrink-glue.js";

/** Part of the compile key: to be raised with every change of what {@link postProcessGlue} answers. */
export const POST_PROCESSOR_VERSION = 2;

const HEAD =
  '"use components";\nexport function instantiate(getCoreModule, imports, instantiateCore = WebAssembly.instantiate) {\n';
// What stands in `_util`, for WASI 0.3, is for importers of the module. Neither this nor the next is anchored at a line's start,
// because the indentation differs between components.
const TAIL = /\n[ \t]*\};?\s*export const _util = \{[^]*\};?\s*$/;
const DEFAULT_GET_CORE_MODULE =
  "if (!getCoreModule) getCoreModule = (name) => fetchCompile(new URL(`./${name}`, import.meta.url));\n";
// The glue was a module, which is always strict, and becomes part of a classic script, which is not.
const NEW_HEAD = `function instantiate(getCoreModule, imports, instantiateCore, ${LIFT_BOUNDS}) {\n"use strict";\n`;
// Glue for WASI 0.3 refuses to start without the platform's class, which it only compares with. There is none in a sandbox.
const PLATFORM_STREAM = "const _PlatformReadableStream= ReadableStream;";
const STREAM_STAND_IN = "const ReadableStream = class {};\n";

/**
 * Turns the module that jco's transpiler emits into Glue ABI 2: a script fragment with no import or
 * export that declares `function instantiate(getCoreModule, imports, instantiateCore, liftBounds)`, all four given.
 *
 * It also shrinks it, because the glue is part of a worker's `data:` URL, whose start costs 6 ms for a
 * small script and 60 ms for 950 KB: comments, white space, tracing and the suspending half of imports that
 * never suspend go, which halves it. (Dropping unused functions as well was tried: 2 % more, not worth it.)
 * The answer depends on the text alone. What lifts a plugin's lists counts first ({@link boundLifting}).
 *
 * @throws {PluginError} `transpile-failed` if the text is not of the form that this version knows.
 */
export function postProcessGlue(module: string): string {
  const tail = TAIL.exec(module);
  const parts = module.split(DEFAULT_GET_CORE_MODULE);
  if (!module.startsWith(HEAD) || tail === null || parts.length !== 2) {
    throw unknownForm("it does not begin, end or find its core modules as expected");
  }
  const head = module.includes(PLATFORM_STREAM) ? NEW_HEAD + STREAM_STAND_IN : NEW_HEAD;
  const text = head + module.slice(HEAD.length, tail.index).replace(DEFAULT_GET_CORE_MODULE, "") + "\n}";
  const tokens = readTokens(text);
  const bodyStart = tokens.findIndex((token) => token.text === "{");
  if (closingBracket(tokens, bodyStart) !== tokens.length - 1) {
    throw unknownForm("its function ends before the text does");
  }
  const shrunk = bounded(bindDisposers(dropUnusedSuspending(dropDebugLog(tokens))));
  refuseModuleSyntax(shrunk);
  return printGlue(shrunk);
}

function readTokens(text: string): GlueToken[] {
  try {
    return glueTokens(text);
  } catch (error) {
    throw unknownForm(error instanceof Error ? error.message : String(error), error);
  }
}

function bounded(tokens: readonly GlueToken[]): GlueToken[] {
  try {
    return boundLifting(tokens);
  } catch (error) {
    throw unknownForm(error instanceof Error ? error.message : String(error), error);
  }
}

/** `import` and `export` may stand only where they are names: after a dot or before a colon. */
function refuseModuleSyntax(tokens: readonly GlueToken[]): void {
  tokens.forEach((token, index) => {
    // What was cut off with the module's end.
    if (token.text === "_util") throw unknownForm("it uses what its module exports beside");
    if (token.text !== "import" && token.text !== "export") return;
    const isName = tokens[index - 1]?.text === "." || tokens[index + 1]?.text === ":";
    if (!isName) throw unknownForm(`it contains ${token.text}, which a script cannot`);
  });
}

function unknownForm(found: string, cause?: unknown): PluginError {
  return new PluginError({
    code: "transpile-failed",
    stage: "transpile",
    message:
      `Cannot prepare the transpiled component for its sandbox: the transpiler's output is not of the form ` +
      `that this version of Portcullis knows (${found}). Report this with the component.`,
    cause,
  });
}
