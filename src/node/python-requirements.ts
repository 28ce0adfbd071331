import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fromUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import { VENDOR_DIRECTORY } from "./python-files.js";
import { confinedPath, readBoundedFile } from "./read-bounded-file.js";
import { exists } from "./write-package.js";

const USUAL_FILE = "requirements.txt";
const MAXIMUM_BYTES = 1024 * 1024;

/**
 * Checks that what a Python plugin requires is in its directory. It is not installed here: that would run code of others, and
 * give other bytes another day.
 *
 * @param file - as package.toml names it; `undefined` for `requirements.txt`, which need not be there
 * @throws {PluginError} `package-invalid` with the command to run; what reading the file throws
 */
export async function checkRequirements(directory: string, file: string | undefined): Promise<void> {
  const name = file ?? USUAL_FILE;
  if (file === undefined && !(await exists(join(directory, name)))) return;
  const path = await confinedPath(directory, name, "Write it, or leave `requirements` out");
  const text = fromUtf8(await readBoundedFile(path, MAXIMUM_BYTES, "pack"));
  if (text === undefined) throw refuse(`${name} is not well-formed UTF-8`);
  const [requirement] = requirements(text);
  if (requirement === undefined || (await isDirectory(join(directory, VENDOR_DIRECTORY)))) return;
  const argument = /^[\w./+-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
  throw refuse(`it requires ${JSON.stringify(requirement.slice(0, 80))}, and has no directory ${VENDOR_DIRECTORY}/ with what it requires. Run, in its directory:\npython3 -m pip install -r ${argument} --target ${VENDOR_DIRECTORY}`);
}

/** pip, "Requirements File Format": lines that name something to install. Other options only say how. */
function requirements(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, "").trim())
    .filter((line) => line !== "" && (!line.startsWith("-") || /^(?:-[re]|--requirement|--editable)/.test(line)));
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}

function refuse(reason: string): PluginError {
  return new PluginError({ code: "package-invalid", stage: "pack", message: `Cannot pack the Python plugin: ${reason}` });
}
