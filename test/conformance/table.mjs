/**
 * The README's table of what every runtime of plugins can do, made from what the conformance specs found:
 *
 *   node test/conformance/table.mjs            compares README.md with the last run's report
 *   node test/conformance/table.mjs --write    writes it there
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const README = fileURLToPath(new URL("../../README.md", import.meta.url));
const REPORT = fileURLToPath(new URL("../../.cache/test-reports/conformance-table.json", import.meta.url));
const [BEGIN, END] = ["<!-- conformance table: made by the test run -->\n", "<!-- end of the conformance table -->"];

/** @typedef {{ runtime: string, group: string, exception?: string }} Row */
/** @typedef {Row & { passed: boolean }} Finding */

/** In the order of the table's columns. */
const COLUMNS = [
  ["conformance-rust", "Rust"], ["conformance-c", "C"], ["conformance-js", "JavaScript"], ["conformance-py", "Python"],
  ["conformance-native", "Rust cdylib"], ["conformance-python", "Python package"],
];

/**
 * What a Playwright report says of the runtimes.
 *
 * @param {any} report
 * @returns {Finding[]} skipped tests are left out
 */
export function findingsOf(report) {
  /** @type {Finding[]} */
  const findings = [];
  const visit = (/** @type {any} */ suite) => {
    for (const spec of suite.specs ?? []) {
      for (const one of spec.tests ?? []) {
        const annotation = (one.annotations ?? []).find((/** @type {any} */ found) => found.type === "conformance");
        if (annotation === undefined || one.status === "skipped") continue;
        findings.push({ ...JSON.parse(annotation.description), passed: one.status === "expected" || one.status === "flaky" });
      }
    }
    for (const inner of suite.suites ?? []) visit(inner);
  };
  for (const suite of report?.suites ?? []) visit(suite);
  return findings;
}

/**
 * @param {readonly Finding[]} findings
 * @returns {string} Markdown
 */
export function tableOf(findings) {
  const groups = [...new Set(findings.map(({ group }) => group))];
  /** @type {string[]} */
  const notes = [];
  const cell = (/** @type {string} */ group, /** @type {string} */ runtime) => {
    const found = findings.filter((finding) => finding.group === group && finding.runtime === runtime);
    if (found.length === 0) return "–";
    if (found.some(({ passed }) => !passed)) return "**fails**";
    const exceptions = [...new Set(found.flatMap(({ exception }) => (exception === undefined ? [] : [exception])))];
    return exceptions.length === 0 ? "✓" : `✓${exceptions.map((exception) => ` [${noteNumber(notes, exception)}]`).join("")}`;
  };
  const rows = groups.map((group) => `| ${group} | ${COLUMNS.map(([runtime = ""]) => cell(group, runtime)).join(" | ")} |`);
  return [
    `| | ${COLUMNS.map(([, title]) => title).join(" | ")} |`,
    `|---|${COLUMNS.map(() => ":-:").join("|")}|`,
    ...rows,
    "",
    ...notes.map((note, index) => `${index + 1}. ${note}`),
    ...(notes.length === 0 ? [] : [""]),
  ].join("\n");
}

/**
 * @param {string[]} notes
 * @param {string} note
 */
function noteNumber(notes, note) {
  if (!notes.includes(note)) notes.push(note);
  return notes.indexOf(note) + 1;
}

/**
 * Compares README.md with the findings of a whole run.
 *
 * @param {readonly Finding[]} findings
 * @returns {Promise<string | undefined>} what is wrong; `undefined` if nothing is, or the run says nothing of some runtime
 */
export async function compareTable(findings) {
  await writeFile(REPORT, JSON.stringify(findings));
  const isWhole = COLUMNS.every(([runtime]) => findings.some((finding) => finding.runtime === runtime));
  if (!isWhole) {
    console.log("The table in README.md was not compared: some runtimes were not tested here, see above for what is missing");
    return undefined;
  }
  const { table } = await readTable();
  return table === tableOf(findings) ? undefined : "The conformance table in README.md is not what this run found: `node test/conformance/table.mjs --write` writes it";
}

async function readTable() {
  const text = await readFile(README, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`README.md has no place for the table: ${BEGIN.trim()} … ${END}`);
  return { before: text.slice(0, begin + BEGIN.length), table: text.slice(begin + BEGIN.length, end), after: text.slice(end) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  /** @type {Finding[]} */
  const findings = JSON.parse(await readFile(REPORT, "utf8"));
  if (process.argv.includes("--write")) {
    const { before, after } = await readTable();
    await writeFile(README, `${before}${tableOf(findings)}${after}`);
  } else {
    const problem = await compareTable(findings);
    console.log(problem ?? "README.md has the table of the last run");
    process.exitCode = problem === undefined ? 0 : 1;
  }
}
