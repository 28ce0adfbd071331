import { packPlugin, type PackOptions, type PackResult } from "../../../src/node/pack.js";
import { GREETER_WIT } from "../package/bridge-fixture.js";
import { elfHeader } from "./library-headers.js";
import { directoryWith, temporaryDirectory } from "./support.js";

const HEAD = (runtime: string): string => `
[package]
name = "acme.greeter"
version = "1.2.3"
interface = "greeter"
interface_version = 1
runtime = "${runtime}"
`;

const MEMBERS = `
wit = "wit"
interface_hash = "0xbe38ca5674ec66ca"
raw = ["reverse", "checked_reverse"]
takes_stream = { sum = "u64", shout = "string" }
`;

export const RUST_TOML = `${HEAD("rust")}
[rust]
libraries = { "linux-x64" = "target/release/libgreeter.so" }
optional = { describe = 0 }
${MEMBERS}`;

export const PYTHON_TOML = `${HEAD("python")}
[python]
entry_module = "greeter"
${MEMBERS}`;

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A native plugin's directory, as its author has it after building. */
export function rustDirectory(toml = RUST_TOML, more: Files = {}): Promise<string> {
  return directoryWith({ "package.toml": toml, "wit/greeter.wit": GREETER_WIT, "target/release/libgreeter.so": elfHeader(), "src/lib.rs": "// its source", ...more });
}

/** A Python plugin's directory. */
export function pythonDirectory(toml = PYTHON_TOML, more: Files = {}): Promise<string> {
  return directoryWith({ "package.toml": toml, "wit/greeter.wit": GREETER_WIT, "greeter.py": "__interface_hash__ = 0xbe38ca5674ec66ca\n", ...more });
}

/** Packs a directory into a new one. */
export async function packDirectory(input: string, options: Partial<PackOptions> = {}): Promise<PackResult & { readonly directory: string }> {
  const result = await packPlugin({ input, out: await temporaryDirectory(), ...options });
  if (result.directory === undefined) throw new Error("no directory was written");
  return { ...result, directory: result.directory };
}
