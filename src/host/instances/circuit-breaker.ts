import { PluginError } from "../../errors/plugin-error.js";
import type { RestartPolicy } from "./instance-policy.js";

/** How a plugin has been doing. */
export interface PluginHealth {
  /** `failing`: its last instance failed, and no call has answered since. `stopped`: calls fail without being tried. */
  readonly state: "healthy" | "failing" | "stopped";
  /** Failures in a row. */
  readonly failures: number;
  /** The last of them. */
  readonly error: PluginError | undefined;
  /** When a stopped plugin is tried again, in milliseconds since 1970; `undefined` if only the app can say so. */
  readonly retryAt: number | undefined;
}

const HEALTHY: PluginHealth = { state: "healthy", failures: 0, error: undefined, retryAt: undefined };

// A plugin that fails at every start must not keep the processor busy: 0, 50, 100, … 5,000 ms between its starts.
const FIRST_BACK_OFF = 50;
const LONGEST_BACK_OFF = 5_000;
const LONGEST_COOL_DOWN = 5 * 60_000;

/**
 * Decides after failures whether another instance is started, and when. It opens after a number of failures without a single
 * answer between them; then it lets one call through, after a time that doubles with each such try.
 */
export class CircuitBreaker {
  readonly #pluginId: string;
  readonly #policy: Required<RestartPolicy>;
  readonly #onChange: (health: PluginHealth) => void;
  #health = HEALTHY;
  #coolDown: number;
  #isTrying = false;

  constructor(pluginId: string, policy: Required<RestartPolicy>, onChange: (health: PluginHealth) => void) {
    this.#pluginId = pluginId;
    this.#policy = policy;
    this.#onChange = onChange;
    this.#coolDown = policy.coolDownMs;
  }

  get health(): PluginHealth {
    return this.#health;
  }

  /** Milliseconds to wait before the next instance is started. */
  get backOff(): number {
    const { failures } = this.#health;
    return failures < 2 ? 0 : Math.min(FIRST_BACK_OFF * 2 ** (failures - 2), LONGEST_BACK_OFF);
  }

  /**
   * Lets a call through, or says why not. While the breaker is open and its time is over, one call is let through.
   *
   * @returns whether it is that one.
   * @throws {PluginError} `plugin-stopped`.
   */
  check(): boolean {
    const { state, retryAt } = this.#health;
    if (state !== "stopped") return false;
    if (this.#isTrying || retryAt === undefined || Date.now() < retryAt) throw this.#stopped();
    this.#isTrying = true;
    return true;
  }

  /** The call that was let through ended without telling how the plugin is. */
  giveUpTrying(): void {
    this.#isTrying = false;
  }

  succeeded(): void {
    this.#isTrying = false;
    if (this.#health.state !== "healthy") this.close();
  }

  /** Forgets all failures. */
  close(): void {
    this.#isTrying = false;
    this.#coolDown = this.#policy.coolDownMs;
    this.#change(HEALTHY);
  }

  failed(error: PluginError): void {
    const failures = this.#health.failures + 1;
    const { automatic } = this.#policy;
    const isTooMany = !automatic || failures >= this.#policy.failures;
    if (!isTooMany) return this.#change({ state: "failing", failures, error, retryAt: undefined });
    // The first time it opens is no failed try yet.
    if (this.#isTrying) this.#coolDown = Math.min(this.#coolDown * 2, LONGEST_COOL_DOWN);
    this.#isTrying = false;
    this.#change({ state: "stopped", failures, error, retryAt: automatic ? Date.now() + this.#coolDown : undefined });
  }

  #change(health: PluginHealth): void {
    this.#health = health;
    this.#onChange(health);
  }

  #stopped(): PluginError {
    const { failures, error, retryAt } = this.#health;
    const when = retryAt === undefined ? "Call restart() of its handle to try it again" : `It is tried again in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s, or after restart() of its handle`;
    const message = `Cannot call ${this.#pluginId}: it was stopped after ${failures === 1 ? "a failure" : `${failures} failures in a row`} (${error?.code ?? "unknown"}). ${when}`;
    return new PluginError({ code: "plugin-stopped", stage: "call", pluginId: this.#pluginId, message, cause: error });
  }
}
