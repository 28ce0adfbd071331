import type { GrantAnswer, GrantRequest, GrantVerdict } from "../../admission/decide-grants.js";
import type { Capability } from "../../capability/capability.js";
import { readAnswer } from "./read-answer.js";

export interface AskOptions {
  readonly ask: (request: GrantRequest) => GrantAnswer | Promise<GrantAnswer>;
  readonly request: Omit<GrantRequest, "signal">;
  readonly capability: Capability;
  /** Most time to answer, in milliseconds. */
  readonly milliseconds: number;
  /** Nobody waits for the answer any more. */
  readonly givenUp: AbortSignal;
}

/** Asks the app's grant function, which may ask a person, may never answer, and may fail: then the answer is no. */
export async function askPolicy({ ask, request, capability, milliseconds, givenUp }: AskOptions): Promise<GrantVerdict> {
  const unwanted = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let give: () => void = () => undefined;
  const unanswered = new Promise<GrantVerdict>((resolve) => {
    const end = (name: string, message: string) => () => {
      resolve({ granted: [], decision: "deny", by: "timeout" });
      unwanted.abort(new DOMException(message, name));
    };
    timer = setTimeout(end("TimeoutError", `The question was not answered within ${milliseconds} ms`), milliseconds);
    give = end("AbortError", "Every load that waited for the answer ended");
  });
  givenUp.addEventListener("abort", give, { once: true });
  const answered = async (): Promise<GrantVerdict> => readAnswer(await ask({ ...request, signal: unwanted.signal }), capability);
  try {
    return await Promise.race([answered(), unanswered]);
  } catch (cause) {
    return { granted: [], decision: "deny", by: "policy", cause };
  } finally {
    clearTimeout(timer);
    givenUp.removeEventListener("abort", give);
  }
}
