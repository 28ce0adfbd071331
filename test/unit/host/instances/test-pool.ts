import { PluginError } from "../../../../src/errors/plugin-error.js";
import type { PluginHealth } from "../../../../src/host/instances/circuit-breaker.js";
import { checkInstancePolicy, checkRestartPolicy, type InstancePolicy, type RestartPolicy } from "../../../../src/host/instances/instance-policy.js";
import type { CallBounds } from "../../../../src/host/instances/call-bounds.js";
import { InstancePool } from "../../../../src/host/instances/instance-pool.js";
import type { InstanceSlot } from "../../../../src/host/instances/instance-slot.js";
import { RunningInstances } from "../../../../src/host/instances/running-instances.js";

export const trap = (): PluginError => new PluginError({ code: "trap", stage: "call", message: "trapped" });

export interface PoolParts extends InstancePolicy {
  readonly restart?: RestartPolicy;
  readonly capacity?: number;
  readonly running?: RunningInstances;
  readonly memories?: number;
  readonly most?: number;
  readonly pluginId?: string;
  /** Called at each start with its number, from 1. What it throws, the start fails with. */
  readonly onStart?: (number: number) => unknown;
}

/** A pool whose instances do nothing: what runs in them is the test's own work. */
export function testPool({ restart = {}, capacity = 100, running = new RunningInstances(), memories = 1, most = 96, pluginId = "acme.test", onStart, ...policy }: PoolParts = {}) {
  const alive = new Set<number>();
  const terminated = new Map<number, string>();
  const broken: ((error: PluginError) => void)[] = [];
  const ended: PluginError[] = [];
  const health: PluginHealth[] = [];
  const numbers = new WeakMap<object, number>();
  let started = 0;
  const pool = new InstancePool({
    policy: checkInstancePolicy(policy, pluginId),
    restart: checkRestartPolicy(restart, pluginId),
    capacity, running,
    room: { pluginId, memories, most },
    start: async ({ onBroken }) => {
      const number = (started += 1);
      await onStart?.(number);
      alive.add(number);
      broken.push(onBroken);
      const instance = {
        call: () => Promise.reject(trap()),
        drop: () => Promise.reject(trap()),
        terminate: (reason: PluginError) => {
          alive.delete(number);
          terminated.set(number, reason.code);
        },
      };
      numbers.set(instance, number);
      return instance;
    },
    onEnded: (error) => ended.push(error),
    onHealth: (now) => health.push(now),
  });
  const bounds = (more: Partial<CallBounds> = {}): CallBounds => ({ name: `f of ${pluginId}`, milliseconds: 10_000, signal: undefined, home: undefined, ...more });
  /** The number of the instance in which it runs, after `work`. */
  const call = (work: (slot: InstanceSlot) => unknown = () => undefined, more: Partial<CallBounds> = {}): Promise<number> =>
    pool.run(bounds(more), async (slot) => {
      const instance = await slot.keeper.current();
      await work(slot);
      return numbers.get(instance) ?? 0;
    });
  /** As the handle does for an outcome that is no answer. */
  const fail = (error = trap()) => call((slot) => {
    slot.keeper.end(error);
    throw error;
  }).catch((caught: unknown) => caught);
  return { pool, bounds, call, fail, running, alive, terminated, broken, ended, health, started: () => started };
}

export const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "answered", (error: PluginError) => error.code);
export const never = (): Promise<never> => new Promise(() => undefined);
/** A promise and what settles it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
