/**
 * What every runtime of a plugin must do alike. `run` is made in the page, with `conformance-app.js` and the loaded plugin; it
 * crosses as source text and sees nothing else. What a runtime cannot do stands in `exceptions`, with what it does instead: that is
 * held to as well.
 */
export const RUNTIMES = [
  { name: "conformance-rust", title: "Rust", form: "component", where: "page" },
  { name: "conformance-c", title: "C", form: "component", where: "page" },
  { name: "conformance-js", title: "JavaScript", form: "component", where: "page" },
  { name: "conformance-py", title: "Python", form: "component", where: "page" },
  { name: "conformance-native", title: "Rust", form: "native", where: "bridge" },
  { name: "conformance-python", title: "Python", form: "package", where: "bridge" },
] as const;

export type RuntimeName = (typeof RUNTIMES)[number]["name"];

export interface RuntimeCase {
  /** A row of the table. */
  readonly group: string;
  readonly name: string;
  readonly run: (app: any, plugin: any) => Promise<unknown>;
  readonly expected: unknown;
  readonly exceptions?: Partial<Record<RuntimeName, { readonly expected: unknown; readonly because: string }>>;
}

const NO_STREAM_ERROR = "streams that fidius's macros make of an iterator cannot fail in the middle: the plugin panics";

const error = (code: string, more: object = {}) => ({ error: { code, ...more } });

const values: readonly RuntimeCase[] = [
  {
    group: "every value type", name: "numbers at both ends",
    run: async (_app, { handle }) => {
      const least = { unsigned8: 0, signed8: -128, unsigned16: 0, signed16: -32_768, unsigned32: 0, signed32: -2_147_483_648, unsigned64: 0n, signed64: -(2n ** 63n), float32: -1.5, float64: -0, truth: false, letter: "\u0001" };
      const most = { unsigned8: 255, signed8: 127, unsigned16: 65_535, signed16: 32_767, unsigned32: 4_294_967_295, signed32: 2_147_483_647, unsigned64: 2n ** 64n - 1n, signed64: 2n ** 63n - 1n, float32: 0.5, float64: 1.7976931348623157e308, truth: true, letter: "\u{10ffff}" };
      const same = (a: any, b: any) => Object.keys(a).every((name) => Object.is(a[name], b[name]));
      return [same(await handle.call("echoNumbers", [least]), least), same(await handle.call("echoNumbers", [most]), most)];
    },
    expected: [true, true],
  },
  {
    group: "every value type", name: "numbers that are none",
    run: async (_app, { handle }) => {
      const whole = { unsigned8: 0, signed8: 0, unsigned16: 0, signed16: 0, unsigned32: 0, signed32: 0, unsigned64: 0n, signed64: 0n, truth: false, letter: "a" };
      const found = await handle.call("echoNumbers", [{ ...whole, float32: Number.NaN, float64: Number.NEGATIVE_INFINITY }]);
      return [Number.isNaN(found.float32), found.float64 === Number.NEGATIVE_INFINITY];
    },
    expected: [true, true],
  },
  {
    group: "every value type", name: "text",
    run: async (_app, { handle }) => Promise.all(["", "ASCII", "Zürich 東京 🗼\u0000end", "\u{feff}x"].map((text) => handle.call("echoText", [text]))),
    expected: ["", "ASCII", "Zürich 東京 🗼\u0000end", "\u{feff}x"],
    exceptions: { "conformance-js": { expected: ["", "ASCII", "Zürich 東京 🗼\u0000end", "x"], because: "componentize-js 0.23 drops a byte order mark at the beginning of a text" } },
  },
  {
    group: "every value type", name: "lists",
    run: async (_app, { handle }) => {
      const found = await handle.call("echoLists", [new Uint8Array([0, 128, 255]), ["a", "", "ß"], [0n, 2n ** 64n - 1n], [[1, -1], [], [32_767]], [1.5, -0.25]]);
      return { bytes: [...found.bytes], words: found.words, longs: [...found.longs].map(String), nested: found.nested.map((inner: any) => [...inner]), floats: [...found.floats], kinds: [found.bytes, found.longs, found.floats].map((list) => list.constructor.name) };
    },
    expected: { bytes: [0, 128, 255], words: ["a", "", "ß"], longs: ["0", "18446744073709551615"], nested: [[1, -1], [], [32_767]], floats: [1.5, -0.25], kinds: ["Uint8Array", "BigUint64Array", "Float32Array"] },
  },
  {
    group: "every value type", name: "empty lists, and long ones",
    run: async (_app, { handle }) => {
      const none = await handle.call("echoLists", [new Uint8Array(), [], [], [], []]);
      const many = await handle.call("echoLists", [new Uint8Array(100_000).fill(7), Array.from({ length: 1_000 }, (_, index) => `w${index}`), [], [], []]);
      return [none.bytes.length + none.words.length + none.longs.length, many.bytes.length, many.bytes.every((byte: number) => byte === 7), many.words.at(-1)];
    },
    expected: [0, 100_000, true, "w999"],
  },
  {
    group: "every value type", name: "options",
    run: async (_app, { handle }) => [await handle.call("echoOptions", ["", 0, { x: -1, y: 2 }]), await handle.call("echoOptions", [undefined, null, undefined])],
    expected: [{ text: "", number: 0, point: { x: -1, y: 2 } }, { text: undefined, number: undefined, point: undefined }],
  },
  {
    group: "every value type", name: "variants",
    run: async (_app, { handle }) => handle.call("echoShapes", [[{ tag: "empty" }, { tag: "circle", val: 2.5 }, { tag: "named", val: "é" }, { tag: "at", val: { x: 1, y: -2 } }]]),
    expected: [{ tag: "empty" }, { tag: "circle", val: 2.5 }, { tag: "named", val: "é" }, { tag: "at", val: { x: 1, y: -2 } }],
  },
  {
    group: "every value type", name: "maps and tuples",
    run: async (_app, { handle }) => [await handle.call("echoMap", [[["a", 1], ["b", 4_294_967_295]]]), await handle.call("echoPair", [[-7, "seven"]])],
    expected: [[["a", 1], ["b", 4_294_967_295]], [-7, "seven"]],
  },
  {
    group: "values of another type are refused before they are sent", name: "wrong arguments",
    run: async (app) => [
      await app.use("plugin", (plugin: any) => plugin.handle.call("echoText", ["\ud800"])),
      await app.use("plugin", (plugin: any) => plugin.handle.call("echoShapes", [[{ tag: "square" }]])),
      await app.use("plugin", (plugin: any) => plugin.handle.call("divide", [1n])),
      await app.use("plugin", (plugin: any) => plugin.handle.call("constructor", [])),
    ],
    expected: [error("argument-invalid"), error("argument-invalid"), error("argument-invalid"), error("function-unknown")],
  },
  {
    group: "raw bytes", name: "empty, small and 1 MiB",
    run: async (_app, { handle }) => {
      const large = new Uint8Array(1024 * 1024).map((_, index) => index & 255);
      const found = await handle.call("reverse", [large]);
      return [[...(await handle.call("reverse", [new Uint8Array()]))], [...(await handle.call("reverse", [new Uint8Array([1, 2, 3])]))], found.length, found.every((byte: number, index: number) => byte === large[large.length - 1 - index])];
    },
    expected: [[], [3, 2, 1], 1024 * 1024, true],
  },
];

const outcomes: readonly RuntimeCase[] = [
  {
    group: "typed errors", name: "an answer, an error, and an answer again",
    run: async (app) => Promise.all([[7n, 2n], [7n, 0n], [-7n, 2n]].map((pair) => app.use("plugin", async (plugin: any) => String(await plugin.handle.call("divide", pair))))),
    expected: [{ value: "3" }, { error: { code: "plugin-error", name: "PluginResultError", payload: { code: "division-by-zero", message: "7 / 0" } } }, { value: "-3" }],
  },
  {
    group: "traps, panics and exceptions", name: "a panic ends the instance, and the next call gets a fresh one",
    run: async (app) => {
      const state = () => app.use("plugin", (plugin: any) => plugin.handle.call("nextState", []));
      return [await state(), await state(), await app.use("plugin", (plugin: any) => plugin.handle.call("fail", ["panic"])), await state()];
    },
    expected: [{ value: 1 }, { value: 2 }, error("trap"), { value: 1 }],
  },
  {
    group: "crashes", name: "an abort harms nobody else",
    run: async (app) => {
      const first = await app.use("plugin", (plugin: any) => plugin.handle.call("fail", ["abort"]));
      return [["trap", "crashed", "exited"].includes(first.error?.code), await app.use("plugin", (plugin: any) => plugin.handle.call("nextState", [])), await app.use("neighbour", (plugin: any) => plugin.handle.call("nextState", []))];
    },
    expected: [true, { value: 1 }, { value: 1 }],
  },
  {
    group: "deadlines", name: "a call that never ends is ended, and the next one is answered",
    run: async (app) => [
      await app.use("plugin", (plugin: any) => plugin.handle.call("hang", [], { timeoutMs: 400 })),
      await app.use("plugin", (plugin: any) => plugin.handle.call("nextState", [])),
    ],
    expected: [error("timeout"), { value: 1 }],
  },
  {
    group: "kill", name: "by the app's signal, and by disposing",
    run: async (app) => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 100);
      const aborted = await app.use("plugin", (plugin: any) => plugin.handle.call("hang", [], { signal: abort.signal }));
      const again = await app.use("plugin", (plugin: any) => plugin.handle.call("nextState", []));
      const pending = app.use("plugin", (plugin: any) => plugin.handle.call("hang", []));
      setTimeout(() => void app.plugins.get("plugin").dispose(), 50);
      return [aborted, again, await pending];
    },
    expected: [error("aborted"), { value: 1 }, error("closed")],
  },
];

const streams: readonly RuntimeCase[] = [
  {
    group: "streams from the plugin", name: "items, and an early stop that reaches it",
    run: async (app, plugin) => {
      const { items } = await app.collect(plugin.stream("count", [2n ** 63n, undefined]), 3);
      return [items.map(String), await plugin.handle.call("dropped", [])];
    },
    expected: [["9223372036854775808", "9223372036854775809", "9223372036854775810"], 1],
    exceptions: { "conformance-py": { expected: [["9223372036854775808", "9223372036854775809", "9223372036854775810"], 0], because: "componentize-py 0.25 never tells the plugin that a resource was dropped" } },
  },
  {
    group: "a stream that fails in the middle", name: "the items before it arrive, then its error",
    run: async (app, plugin) => {
      const { items, error: failure } = await app.collect(plugin.stream("count", [5n, 7n]));
      return { items: items.map(String), code: failure?.code, payload: failure?.payload?.code };
    },
    expected: { items: ["5", "6"], code: "plugin-error", payload: "stream-failed" },
    exceptions: {
      "conformance-rust": { expected: { items: ["5", "6"], code: "trap" }, because: NO_STREAM_ERROR },
      "conformance-native": { expected: { items: ["5", "6"], code: "trap" }, because: NO_STREAM_ERROR },
    },
  },
  {
    group: "streams to the plugin", name: "all items, none, and no more than it wants",
    run: async (app, plugin) => {
      const numbers = new app.Source((index: number) => BigInt(index), 4);
      return [
        String(await plugin.callWithInput("sum", [10n], { input: { items: numbers, type: "u64" } })),
        String(await plugin.callWithInput("sum", [10n], { input: { items: [], type: "u64" } })),
        numbers.given,
      ];
    },
    expected: ["100", "0", 4],
  },
  {
    group: "streams to the plugin", name: "an input that fails ends the call with the app's own error as its cause",
    run: async (app) => {
      const failing = { *[Symbol.iterator]() { yield 1n; throw new Error("the app's own"); } };
      const found = await app.use("plugin", (plugin: any) => plugin.callWithInput("sum", [1n], { input: { items: failing, type: "u64" } }));
      return [found.error?.code, found.error?.cause, await app.use("plugin", (plugin: any) => plugin.handle.call("nextState", []))];
    },
    expected: ["host-function-failed", "the app's own", { value: 1 }],
  },
  {
    group: "streams both ways", name: "item by item, and left early",
    run: async (app, plugin) => {
      const endless = new app.Source((index: number) => `word ${index}`);
      const two = await app.collect(plugin.stream("shout", [], { input: { items: endless, type: "string" } }), 2);
      const all = await app.collect(plugin.stream("shout", [], { input: { items: ["a", "ß"], type: "string" } }));
      return [two.items, endless.given, endless.ended, all.items];
    },
    expected: [["WORD 1", "WORD 2"], 2, 1, ["A", "SS"]],
    exceptions: { "conformance-c": { expected: [["WORD 1", "WORD 2"], 2, 1, ["A", "ß"]], because: "C's library knows the capital letters of ASCII only" } },
  },
];

const surroundings: readonly RuntimeCase[] = [
  {
    group: "functions of the app", name: "an answer, a later one, and a typed error",
    run: async (app) => {
      const balance = (account: string) => app.use("plugin", async (plugin: any) => String(await plugin.handle.call("balance", [account])));
      return [await balance("ada"), await balance("slow"), await balance("nobody"), app.asked.map(({ account }: any) => account)];
    },
    expected: [{ value: "41" }, { value: "41" }, { error: { code: "plugin-error", payload: { code: "no-account", message: "there is no such account", details: '{"account":"nobody"}' } } }, ["ada", "slow", "nobody"]],
    exceptions: {
      "conformance-python": {
        expected: [{ value: "41" }, { value: "41" }, { error: { code: "plugin-error", payload: { code: "no-account", message: "there is no such account", details: '{"account": "nobody"}' } } }, ["ada", "slow", "nobody"]],
        because: "details of errors are a dict in fidius's Python SDK, and are written as Python writes JSON",
      },
    },
  },
  {
    group: "configuration", name: "two configurations live beside each other",
    run: async (app) => {
      const greet = (name: string) => app.use(name, (plugin: any) => plugin.handle.call("greet", ["Ada"]));
      return [await greet("plugin"), await greet("neighbour"), await greet("plugin")];
    },
    expected: [{ value: "Hello, Ada!" }, { value: "Good evening, Ada!!! — the host" }, { value: "Hello, Ada!" }],
  },
];

export const CASES: readonly RuntimeCase[] = [...values, ...outcomes, ...streams, ...surroundings];
