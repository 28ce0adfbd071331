import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkHeaders } from "../../../src/broker/http/request-headers.js";
import { ImportError } from "../../../src/wasi/guest-context.js";
import { isForbiddenField, isToken } from "../../../src/capability/http-fields.js";
import { isFieldValue } from "../../../src/wasi/http/field-value.js";
import { Fields } from "../../../src/wasi/http/fields.js";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const texts = (values: readonly Uint8Array[]): string[] => values.map((value) => Buffer.from(value).toString("latin1"));

/** The `header-error` that `work` fails with. */
function headerError(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof ImportError) return (error.payload as { tag: string }).tag;
    throw error;
  }
  return undefined;
}

describe("fields", () => {
  it("compare names without case and keep how they were written, and their order", () => {
    const fields = Fields.fromList([["X-One", bytes("1")], ["x-two", bytes("2")]]);
    fields.append("x-ONE", bytes("3"));
    expect(texts(fields.get("X-oNe"))).toEqual(["1", "3"]);
    expect([fields.has("X-TWO"), fields.has("x-three"), fields.get("x-three")]).toEqual([true, false, []]);
    expect(fields.entries().map(([name]) => name)).toEqual(["X-One", "x-two", "x-ONE"]);
    fields.set("x-one", [bytes("4"), bytes("5")]);
    expect(fields.entries().map(([name, value]) => `${name}=${texts([value]).join()}`)).toEqual(["x-two=2", "x-one=4", "x-one=5"]);
    fields.delete("X-ONE");
    fields.delete("x-none");
    expect(fields.entries().map(([name]) => name)).toEqual(["x-two"]);
  });

  it("a copy is its own", () => {
    const fields = Fields.fromList([["x", bytes("1")]]);
    const copy = fields.clone();
    copy.append("y", bytes("2"));
    expect([fields.has("y"), copy.has("y")]).toEqual([false, true]);
    fields.entries().pop();
    expect(fields.has("x")).toBe(true);
  });

  it("of an answer are immutable, and their copy is not", () => {
    const fields = Fields.of([["date", bytes("now")]], true);
    expect(headerError(() => fields.append("x", bytes("1")))).toBe("immutable");
    expect(headerError(() => fields.set("x", []))).toBe("immutable");
    expect(headerError(() => fields.delete("date"))).toBe("immutable");
    fields.clone().append("x", bytes("1"));
  });

  it("the names that only mean something to JavaScript are names", () => {
    const fields = Fields.fromList([["__proto__", bytes("1")], ["constructor", bytes("2")]]);
    expect([texts(fields.get("__proto__")), texts(fields.get("constructor")), fields.has("toString")]).toEqual([["1"], ["2"], false]);
  });

  const BAD: readonly (readonly [string, string, string])[] = [
    ["x\r\nhost", "1", "invalid-syntax"], ["", "1", "invalid-syntax"], ["x y", "1", "invalid-syntax"], [":authority", "a", "invalid-syntax"], ["x\u00e9", "1", "invalid-syntax"],
    ["x", "1\r\nHost: evil", "invalid-syntax"], ["x", "1\n", "invalid-syntax"], ["x", "\0", "invalid-syntax"], ["x", "\x7f", "invalid-syntax"],
    ["Host", "evil.test", "forbidden"], ["cookie", "a=b", "forbidden"], ["Proxy-Anything", "1", "forbidden"], ["SEC-Fetch-Mode", "1", "forbidden"], ["transfer-encoding", "chunked", "forbidden"],
  ];
  it.each(BAD)("%j: %j is refused in every way", (name, value, error) => {
    const fields = new Fields();
    expect(headerError(() => Fields.fromList([[name, bytes(value)]]))).toBe(error);
    expect(headerError(() => fields.append(name, bytes(value)))).toBe(error);
    expect(headerError(() => fields.set(name, [bytes(value)]))).toBe(error);
    expect(fields.entries()).toEqual([]);
  });

  it("do not grow without end", () => {
    const fields = Fields.fromList(Array.from({ length: 1_024 }, (_, index) => [`x-${index}`, bytes("")] as const));
    expect(headerError(() => fields.append("x", bytes("")))).toBe("forbidden");
    expect(headerError(() => fields.set("x", [bytes("")]))).toBe("forbidden");
    expect(headerError(() => Fields.fromList([...fields.entries(), ["x", bytes("")]]))).toBe("forbidden");
  });
});

describe("the worker and the page refuse the same headers", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom("Host", "cookie", "proxy-", "Proxy-x", "sec-a", "section", "te", "TE", "tea", "content-length", "x-http-method", "authorization", "date", "upgrade-x", "via"),
  );
  it("in names and values", () => {
    fc.assert(
      fc.property(name, fc.uint8Array({ maxLength: 8 }), (header, value) => {
        const worker = isToken(header) && isFieldValue(value) && !isForbiddenField(header.toLowerCase());
        let page = true;
        try {
          checkHeaders([[header, String.fromCharCode(...value)]]);
        } catch {
          page = false;
        }
        expect(page).toBe(worker);
      }),
      { seed: 20_261, numRuns: 2_000 },
    );
  });
});
