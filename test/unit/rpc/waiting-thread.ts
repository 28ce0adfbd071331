/** Waits for as many answers as it is told, and says what each was. */
import { parentPort, workerData } from "node:worker_threads";
import { awaitSharedAnswer } from "../../../src/rpc/shared-answer.js";

const { buffer, answers } = workerData as { readonly buffer: SharedArrayBuffer; readonly answers: number };
for (let left = answers; left > 0; left -= 1) {
  let asked = 0;
  parentPort?.postMessage({ call: true });
  const answer = awaitSharedAnswer(buffer, () => {
    asked += 1;
    parentPort?.postMessage({ next: true });
  });
  parentPort?.postMessage({ answer, asked });
}
