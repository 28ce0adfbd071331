import { describe, expect, test } from "vitest";
import { glueTokens } from "../../../src/compile/glue-tokens.js";
import { printGlue } from "../../../src/compile/print-glue.js";
import { comparableSyntax } from "./glue-syntax.js";

const SNIPPETS = [
  "let a = 1\nlet b = a\n++b\nb--\n;[a].map(String)",
  "const f = () => { return\n1 }\nconst g = {}\ng.x = f()",
  "let a = 1, b = 2; a + +b; a - -b; a - --b; a + ++b; a-- > b; a <! --b",
  "let a = 4; let b = a / 2 / 1; b /= 2; const c = [1][0] / 2; f() / 3; function f() { return 1 }",
  "const s = `a ${ [`b ${ { c: '}' }.c } // not a comment`] } \\` /* neither */ ${1}`",
  "const s = 'it\\'s // no comment', t = \"/* \\\" */\", u = '\\\n'",
  "// one\nlet a = 1 // two\n/* three\n */ let b /* four */ = 2 /* five */",
  "class A { #x = 1\n static y = 2\n get z() { return this.#x } static { this.w = 1 } }",
  "const big = 18_446_744_073_709_551_615n, h = 0xff, e = 1e-5, d = .5, n = 1 .toString()",
  "a: for (const x of [1]) { continue\na }",
  "async function* f() { for await (const x of y) yield x } const y = []",
  "const a = b ? .5 : c?.d ?? 2; var b, c",
  "do x = 1; while (false) var x",
  "if (1) f(); else f()\nfunction f() {}",
];

describe("glueTokens", () => {
  test.each(SNIPPETS)("the printed tokens parse as the text does: %s", (text) => {
    const printed = printGlue(glueTokens(text));
    expect(comparableSyntax(printed)).toEqual(comparableSyntax(text));
    expect(printed.length).toBeLessThanOrEqual(text.length);
  });

  test.each(["/x/.test(y)", "a = /[/]/", "f(/x/)", "return /x/", "} /x/ {", "'unterminated", "`unterminated ${1}", "`${`", "a ° b", "\"line\nend\""])(
    "refuses what it cannot read for certain: %s",
    (text) => {
      expect(() => glueTokens(text)).toThrow(SyntaxError);
    },
  );
});
