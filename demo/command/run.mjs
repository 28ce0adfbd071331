import { spawn } from "node:child_process";
import { COMMAND_LINE, ROOT } from "./paths.mjs";

/**
 * Runs a program in the repository, and shows what it prints only if it fails.
 *
 * @param {string} program
 * @param {readonly string[]} programArguments
 * @param {Readonly<Record<string, string>>} [environment] besides this process's own
 * @returns {Promise<string>} its standard output
 */
export async function run(program, programArguments, environment = {}) {
  const child = spawn(program, programArguments, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return output;
  throw new Error(`${program === process.execPath ? "node" : program} ${programArguments.join(" ")} failed with exit code ${code}:\n${output}${errors}`);
}

/** @param {readonly string[]} commandArguments */
export function runNode(commandArguments) {
  return run(process.execPath, commandArguments);
}

/** @param {readonly string[]} commandArguments what follows `portcullis` */
export function portcullis(...commandArguments) {
  return runNode([COMMAND_LINE, ...commandArguments]);
}
