/** What an entry says besides what happened. Never a value of a call. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where an executor tells its operator what happens. A bridge's log is one. */
export interface ExecutorLog {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export const SILENT_LOG: ExecutorLog = { info: () => {}, warn: () => {}, error: () => {} };
