/** What the engine's code cache gives the first work after a reload. */
import { printTable } from "./table.mjs";

/**
 * @param {Record<string, any>} measured
 * @param {import("./measure-code-cache.mjs").CodeCacheSettings} settings
 */
export function printCodeCache(measured, { codeCache: { rounds, warmUp } }) {
  console.log(`\n## First work after a page was left and opened again (n = ${rounds}, after ${warmUp} visits)\n`);
  printTable(["median, ms", "with the engine's code cache", "p95", "from bytes", "p95", "ratio"], Object.entries(measured).flatMap(([component, { served, bytes: plain }]) =>
    [["load", "load"], ["first work", "work"], ["both", "both"]].map(([label, part]) => [
      `${component}, ${label}`, served[part ?? ""].median.toFixed(1), served[part ?? ""].p95.toFixed(1), plain[part ?? ""].median.toFixed(1), plain[part ?? ""].p95.toFixed(1),
      (served[part ?? ""].median / plain[part ?? ""].median).toFixed(2),
    ]),
  ));
}
