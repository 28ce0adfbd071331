/* An app that loads the greeter of fidius, with host functions and inputs that work, and some that do not. */
import * as portcullis from "../dist/index.js";
import { FidiusError, fidiusInterfaceHash, loadFidius } from "../dist/fidius.js";
import { createHost, describeError } from "./plugins.js";

export const plugins = new Map();
export const hosts = new Map();
export const failures = [];
export const calls = [];

export const GREETER = [
  { name: "greet", parameters: ["String"], result: "String" },
  { name: "add", parameters: ["i64", "i64"], result: "Result < i64, PluginError >" },
  { name: "reverse", parameters: ["Vec < u8 >"], result: "Vec < u8 >", raw: true },
  { name: "tick", parameters: ["u32"], result: "u32", streams: true },
  { name: "sum", parameters: ["u64", "u64"], result: "u64", takesStream: true },
  { name: "shout", parameters: ["String"], result: "String", streams: true, takesStream: true },
  { name: "dropped", result: "u32" },
  { name: "balance", parameters: ["String"], result: "Result < i64, PluginError >" },
  { name: "note", parameters: ["Vec < String >"], result: "String" },
];
const LEDGER = [
  { name: "balance", parameters: ["String"], result: "Result < i64, PluginError >" },
  { name: "note", parameters: ["Vec < String >", "Option < u16 >"], result: "String" },
];

const tone = { kind: "variant", cases: [{ name: "plain", type: null }, { name: "loud", type: { kind: "record", fields: [{ name: "marks", type: "u8" }] } }] };
const SETTINGS = {
  kind: "record",
  fields: [
    { name: "greeting", type: "string" }, { name: "tone", type: tone }, { name: "signature", type: { kind: "option", value: "string" } },
    { name: "limits", type: { kind: "list", element: "s64" } },
  ],
};
export const HELLO = { greeting: "Hello", tone: { tag: "loud", val: { marks: 2 } }, limits: [-1n, 2n ** 62n] };

/** Ways in which the app's ledger can answer. */
const balances = {
  well: (account) => {
    if (account === "nobody") throw new FidiusError("no-account", "there is no such account", '{"account":"nobody"}');
    return 41n;
  },
  later: async (account) => BigInt(account.length),
  throws: () => { throw new Error("the secret of the app"); },
  lies: () => "forty-one",
};

function ledger({ behaviour = "well", version = 3, hash = fidiusInterfaceHash(LEDGER), methods = 2 } = {}) {
  const balance = (account, caller) => {
    calls.push({ account, plugin: caller.plugin });
    return balances[behaviour](account);
  };
  const note = (tags, weight) => `${tags.join("+")} weighs ${weight}`;
  return {
    name: "Ledger", version, hash, documentation: "Read the ledger",
    methods: [
      { name: "balance", parameters: ["string"], result: "s64", call: balance },
      { name: "note", parameters: [{ kind: "list", element: "string" }, { kind: "option", value: "u16" }], result: "string", call: note },
    ].slice(0, methods),
  };
}

export async function load({ name, id = "fixture.fidius-greeter", descriptor, trust, source = "../packages/registry/index.json", file, config = HELLO, raw = false, interfaceHash = GREETER, offered, host = {}, options = {} }) {
  try {
    const own = createHost(portcullis, { sources: [file === undefined ? portcullis.urlSource(source) : portcullis.fileSource(new Uint8Array(await (await fetch(file)).arrayBuffer()))], trust: portcullis.trustKeys(trust), grant: ["host:fidius:host-call/host@0.1.0"], ...host });
    const plugin = await loadFidius(own, id, portcullis.defineInterface(descriptor), {
      interfaceHash: typeof interfaceHash === "string" ? BigInt(interfaceHash) : interfaceHash,
      ...(raw ? {} : { configType: SETTINGS }),
      ...(config === null ? {} : { config }),
      hostInterfaces: offered === null ? [] : [ledger(offered)],
      onHostFailure: (functionName, error) => failures.push(`${functionName}: ${error.message}`),
      ...options,
    });
    plugins.set(name, plugin);
    hosts.set(name, own);
    return { grants: [...plugin.handle.grants] };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** Runs `work` with the plugin kept as `name`. */
export async function use(name, work) {
  try {
    return { value: await work(plugins.get(name)) };
  } catch (error) {
    return { error: { ...describeError(error), cause: error.cause?.message } };
  }
}

/** The items of a stream until `take` of them, and what ended it. */
export async function collect(stream, take = Infinity) {
  const items = [];
  try {
    for await (const item of stream) {
      items.push(item);
      if (items.length >= take) break;
    }
    return { items };
  } catch (error) {
    return { items, error: { ...describeError(error), cause: error.cause?.message } };
  }
}

/** An endless or bounded input that says how far it was read, and whether it was told to end. */
export class Source {
  constructor(make, most = Infinity) {
    this.make = make;
    this.most = most;
    this.given = 0;
    this.ended = 0;
  }
  [Symbol.asyncIterator]() {
    return {
      next: async () => {
        if (this.given >= this.most) return { done: true, value: undefined };
        this.given += 1;
        return { done: false, value: this.make(this.given) };
      },
      return: async () => {
        this.ended += 1;
        return { done: true, value: undefined };
      },
    };
  }
}
