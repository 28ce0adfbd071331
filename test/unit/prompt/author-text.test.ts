import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { showAuthorText } from "../../../src/prompt/author-text.js";

const shown = (text: string, most = 1_000) => showAuthorText(text, most).text;

describe("showAuthorText", () => {
  it.each(["To find your pictures.", "Bilder schärfen – schnell", "画像をぼかす", "לטשטש תמונות", "می‌خواهم", "👩‍🚀 🇨🇭", "ไม้โท", "a \"quoted\" <b>word</b> &amp;"])("leaves what people write: %s", (text) => {
    expect(shown(text)).toBe(text);
  });

  it.each([
    ["a direction override", "safe\u202egnp.exe", "safe\\u{202e}gnp.exe"], ["a direction isolate", "\u2066x", "\\u{2066}x"], ["a direction mark", "a\u200fb", "a\\u{200f}b"],
    ["an invisible separator", "pay\u2063pal", "pay\\u{2063}pal"], ["a soft hyphen", "a\u00adb", "a\\u{ad}b"], ["a byte order mark", "\ufeffa", "\\u{feff}a"],
    ["a control character", "a\u0007b", "a\\u{7}b"], ["a tag", "a\u{e0041}", "a\\u{e0041}"], ["half a character", "a\ud800", "a\\u{d800}"], ["a private one", "\ue000", "\\u{e000}"],
    ["a line separator", "a\u2028b", "a\\u{2028}b"], ["a blank letter", "a\u3164b\u2800", "a\\u{3164}b\\u{2800}"],
  ])("writes %s out", (_what, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it("makes one blank of many, so that nothing is pushed away", () => {
    expect(shown(`  a \t\n\r\n \u00a0\u2003\u3000 b${"\n".repeat(500)}c `)).toBe("a b c");
  });

  it("piles up no marks", () => {
    expect(shown(`a${"\u0301".repeat(200)}b`)).toBe(`a${"\u0301".repeat(4)}b`);
  });

  it("bounds the length in characters and says so", () => {
    expect(showAuthorText("abc", 3)).toEqual({ text: "abc", isShortened: false });
    expect(showAuthorText("😀😀😀😀", 3)).toEqual({ text: "😀😀😀…", isShortened: true });
    expect(showAuthorText("\u202e".repeat(100), 5).text).toHaveLength(6);
  });

  it("shows of any text nothing invisible and nothing too long", () => {
    const nasty = fc.string({ unit: fc.oneof(fc.string({ unit: "binary", minLength: 1, maxLength: 1 }), fc.constantFrom("\u202e", "\u0301", "\u200b", " ", "\n", "\u3164")), maxLength: 80 });
    fc.assert(fc.property(nasty, fc.integer({ min: 1, max: 60 }), (text, most) => {
      const { text: found } = showAuthorText(text, most);
      expect(found).not.toMatch(/(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}\u3164]/u);
      expect(found).not.toMatch(/\p{M}{5}|\p{Zs}{2}/u);
      expect(Array.from(found).length).toBeLessThanOrEqual(most + 1);
    }), { seed: 5, numRuns: 1_000 });
  });
});
