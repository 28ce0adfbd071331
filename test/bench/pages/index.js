/* Takes one job from the server, does it, posts the result, and makes way for a page in a fresh process. */
import { measureCalls } from "./calls.js";
import { measureEchoes } from "./echoes.js";
import { measureHandLoad } from "./hand-load.js";
import { measureLoad } from "./load.js";
import { ageEntries, deleteCache } from "./stored-code.js";

const jobs = new Map([
  ["calls", measureCalls],
  ["echoes", measureEchoes],
  ["load", measureLoad],
  ["hand-load", measureHandLoad],
  ["age", ageEntries],
  ["delete", deleteCache],
]);

async function outcomeOf(job) {
  try {
    return { value: await jobs.get(job.kind)(job) };
  } catch (error) {
    return { error: `${error.code ?? ""} ${error.stack ?? error}` };
  }
}

const { job, swapHost } = await (await fetch("/next-job")).json();
const outcome = await outcomeOf(job);
await fetch("/result", { method: "POST", body: JSON.stringify(outcome) });
location.replace(`http://${swapHost}:${location.port}/bench/swap.html#${location.href}`);
