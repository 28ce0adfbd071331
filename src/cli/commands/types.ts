import { readWorld, worldLabel } from "../../node/read-world.js";
import { generateTypes } from "../../node/types/generate-types.js";
import { writeWholeFile } from "../../node/write-package.js";
import { onlyPositional, type Command } from "../command.js";

/** `portcullis types` */
export const typesCommand: Command = {
  name: "types",
  summary: "Write TypeScript for a plugin's interface, and the descriptor that load() takes",
  usage: "<wit|component.wasm|package> [--world <name>] [--out <file>]",
  options: [
    { name: "world", short: "w", value: "name", description: "Which world of the WIT, if it has several" },
    { name: "name", short: "n", value: "name", description: "What to call it, in kebab-case (default: the world, or the first exported interface)" },
    { name: "out", short: "o", value: "file", description: "Write this file (default: print)" },
  ],
  examples: [
    ["types wit --out src/filter.ts", "Write the types of the world in wit/"],
    ["types blur.wasm", "Print the types of what a component exports"],
  ],
  async run(input) {
    const { options, session } = input;
    const [path, worldName, out] = [onlyPositional(input, "wit|component.wasm|package"), options.text("world"), options.text("out")];
    session.progress(`Reading ${path}`);
    const world = await readWorld(path, worldName);
    const name = options.text("name") ?? worldName ?? worldLabel(world);
    const text = await generateTypes(world, { name, source: path });
    if (out !== undefined) await writeWholeFile(out, text);
    if (out === undefined && !session.json) session.printContent(text);
    else session.print(out === undefined ? { name, text } : { name, out }, () => [`${session.style.green("wrote")} ${out ?? ""}`]);
    return 0;
  },
};
