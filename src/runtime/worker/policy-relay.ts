// Entry of `sandbox-worker.js`, which the app serves with the sandbox's policy as a header. It starts one worker from
// the data: URL that the page sends, passes messages both ways, and runs nothing of a plugin itself: the worker
// behind it has an opaque origin and inherits the policy, while this one has the page's origin and its storage.
import { findOpening } from "./realm/self-test.js";
import { isSandboxPolicy, SANDBOX_POLICY } from "./sandbox-policy.js";

/** What the page, or the worker behind, wants passed on. The list is part of the message: a receiver does not learn it otherwise. */
interface Relayed {
  readonly message: unknown;
  readonly transfer: Transferable[];
}

// How long a report of a refusal may take that has already happened; measured: less than 1 ms.
const REPORT_MILLISECONDS = 1_000;

const sealed = testPolicy();
// Messages wait for the worker, which is made only after the test, and keep their order.
const started = new Promise<Worker>((resolve) => {
  addEventListener("message", ({ data }: MessageEvent<string>) => {
    sealed.then((open) => (open === undefined ? resolve(startWorker(data)) : fail(open))).catch(fail);
    addEventListener("message", ({ data: relayed }: MessageEvent<Relayed>) => void started.then((to) => pass((message, transfer) => to.postMessage(message, transfer), relayed)));
  }, { once: true });
});
addEventListener("messageerror", () => fail("a message to the worker could not be read"));

function startWorker(url: string): Worker {
  const worker = new Worker(url);
  worker.onmessage = ({ data }: MessageEvent<Relayed>) => pass((message, transfer) => postMessage({ message }, transfer), data);
  worker.onmessageerror = () => fail("a message of the worker could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  return worker;
}

/** Nothing is known of `relayed` when it comes from the worker behind. */
function pass(post: (message: unknown, transfer: Transferable[]) => void, relayed: Relayed): void {
  try {
    post(relayed.message, relayed.transfer);
  } catch (error) {
    fail(error);
  }
}

function fail(reason: unknown): void {
  postMessage({ failure: String(reason) });
}

/**
 * Why this file was not served as it must be, or nothing. Trying what the policy forbids finds that there is none;
 * but one without `default-src 'none'` may leave open what cannot be tried without a network, so that the
 * browser's own report of the refusal must name the very policy that is wanted.
 */
async function testPolicy(): Promise<string | undefined> {
  const policies: string[] = [];
  const reported = new Promise<boolean>((resolve) => {
    // Not every library of a worker's types has this event.
    addEventListener("securitypolicyviolation", (event) => {
      const { disposition, originalPolicy } = event as SecurityPolicyViolationEvent;
      if (disposition !== "enforce") return;
      policies.push(originalPolicy);
      // Several policies are enforced together, so that one of them is enough.
      if (isSandboxPolicy(originalPolicy)) resolve(true);
    });
  });
  const wanted = `serve it with the header Content-Security-Policy: ${SANDBOX_POLICY}`;
  const open = await findOpening();
  if (open !== undefined) return `its script was served without its policy: ${open}; ${wanted}`;
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, REPORT_MILLISECONDS, false));
  if (await Promise.race([reported, late])) return undefined;
  return `its script was served with another policy (${[...new Set(policies)].join(", ") || "the browser reports none"}); ${wanted}`;
}
