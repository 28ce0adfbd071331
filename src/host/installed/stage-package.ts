import { sha256Hex } from "../../bytes/sha256.js";
import { type Candidate, type CandidateFile, candidateFiles } from "./candidate.js";
import type { CheckedStore } from "./checked-store.js";
import { INSTALL_SCHEMA, type StagingRecord } from "./install-record.js";

export interface StagingOptions {
  readonly store: CheckedStore;
  /** Name of this installation's own record. */
  readonly staging: string;
  readonly signal: AbortSignal;
  readonly onFile: (file: StagedFile) => void;
}

/** A file that is in the store now. */
export interface StagedFile {
  readonly path: string;
  readonly size: number;
  /** It was there already, whole. */
  readonly isReused: boolean;
}

/**
 * Puts every file of a package into the store, each checked against the signed manifest. Nothing refers to them yet but
 * the installation's own record, which is written first, so that no other tab takes them for leftovers.
 */
export async function stagePackage(candidate: Candidate, { store, staging, signal, onFile }: StagingOptions): Promise<void> {
  const files = await candidateFiles(candidate.package);
  const announce = (): Promise<void> => {
    const record: StagingRecord = { schema: INSTALL_SCHEMA, id: candidate.id, renewed: Date.now(), files: files.map(({ sha256 }) => sha256) };
    return store.update(() => {
      signal.throwIfAborted();
      return { put: new Map([[staging, record]]) };
    });
  };
  await announce();
  let announced = Date.now();
  for (const file of files) {
    signal.throwIfAborted();
    const isReused = await isWhole(store, file);
    // `read` has checked the bytes against the manifest that was signed.
    if (!isReused) await store.writeFile(file.sha256, await file.read(signal));
    onFile({ path: file.path, size: file.size, isReused });
    if (Date.now() - announced < RENEWAL_MILLISECONDS) continue;
    await announce();
    announced = Date.now();
  }
}

const RENEWAL_MILLISECONDS = 60_000;

/** Whether the store has the file as it must be. What is there may have been altered: then it is written again. */
async function isWhole(store: CheckedStore, { sha256, size }: CandidateFile): Promise<boolean> {
  const stored = await store.readFile(sha256);
  return stored?.length === size && (await sha256Hex(stored)) === sha256;
}
