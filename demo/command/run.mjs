import { spawn } from "node:child_process";
import { COMMAND_LINE, ROOT } from "./paths.mjs";

/**
 * Runs Node with these arguments in the repository, and shows what it prints only if it fails.
 *
 * @param {readonly string[]} commandArguments
 * @returns {Promise<string>} its standard output
 */
export async function runNode(commandArguments) {
  const child = spawn(process.execPath, commandArguments, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return output;
  throw new Error(`node ${commandArguments.join(" ")} failed with exit code ${code}:\n${output}${errors}`);
}

/** @param {readonly string[]} commandArguments what follows `portcullis` */
export function portcullis(...commandArguments) {
  return runNode([COMMAND_LINE, ...commandArguments]);
}
