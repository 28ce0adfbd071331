/* Takes one job from the server, does it, posts the result, and makes way for a page in a fresh process. */
const jobs = new Map([
  ["calls", async (job) => (await import("./calls.js")).measureCalls(job)],
  ["echoes", async (job) => (await import("./echoes.js")).measureEchoes(job)],
  ["host-calls", async (job) => (await import("./host-calls.js")).measureHostCalls(job)],
  ["throughput", async (job) => (await import("./concurrency.js")).measureThroughput(job)],
  ["frames", async (job) => (await import("./concurrency.js")).measureFrames(job)],
  ["realm-calls", async (job) => (await import("./realms.js")).measureRealmCalls(job)],
  ["realm-echoes", async (job) => (await import("./realms.js")).measureRealmEchoes(job)],
  ["realm-host-calls", async (job) => (await import("./host-calls.js")).measureRealmHostCalls(job)],
  ["deadlines", async (job) => (await import("./instances.js")).measureDeadlines(job)],
  ["instances", async (job) => (await import("./instances.js")).measureInstances(job)],
  ["streams", async (job) => (await import("./streams.js")).measureStreams(job)],
  ["starts", async (job) => (await import("./instances.js")).measureStarts(job)],
  ["notes-load", async (job) => (await import("./load.js")).measureNotesLoad(job)],
  ["load", async (job) => (await import("./load.js")).measureLoad(job)],
  ["hand-load", async (job) => (await import("./hand-load.js")).measureHandLoad(job)],
  ["code-cache-prepare", async () => (await import("./code-cache.js")).prepareCodeCache()],
  ["code-cache", async (job) => (await import("./code-cache.js")).visitWithCodeCache(job)],
  ["bridge-probe", async (job) => (await import("./bridge-starts.js")).probeBridge(job)],
  ["bridge-load", async (job) => (await import("./bridge-starts.js")).measureBridgeLoad(job)],
  ["bridge-calls", async (job) => (await import("./bridge-calls.js")).measureBridgeCalls(job)],
  ["bridge-echoes", async (job) => (await import("./bridge-calls.js")).measureBridgeEchoes(job)],
  ["bridge-throughput", async (job) => (await import("./bridge-calls.js")).measureBridgeThroughput(job)],
  ["bridge-streams", async (job) => (await import("./bridge-streams.js")).measureBridgeStreams(job)],
  ["bridge-starts", async (job) => (await import("./bridge-starts.js")).measureBridgeStarts(job)],
  ["bridge-memory", async (job) => (await import("./bridge-starts.js")).measureBridgeMemory(job)],
  ["age", async () => (await import("./stored-code.js")).ageEntries()],
  ["delete", async () => (await import("./stored-code.js")).deleteCache()],
]);

// Imported only now, so that a script which cannot be had is an outcome like any other.
async function outcomeOf(job) {
  try {
    return { value: await jobs.get(job.kind)(job) };
  } catch (error) {
    return { error: `${error.code ?? ""} ${error.stack ?? error}` };
  }
}

const { job, swapHost } = await (await fetch("/next-job")).json();
const page = new URL(job.page ?? "/bench/index.html", location.href);
// A job that wants another kind of page is left to that page.
if (page.href === location.href) {
  const outcome = await outcomeOf(job);
  await fetch("/result", { method: "POST", body: JSON.stringify(outcome) });
}
location.replace(`http://${swapHost}:${location.port}/bench/swap.html#${page.href}`);
