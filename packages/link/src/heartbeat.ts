/**
 * Says when the other end has been silent for too long. Silence is counted in ticks, never read from a clock: after this
 * process itself was stopped or busy for a minute, one tick has passed and not five, so nobody is judged for the judge's
 * own stall.
 */
import type { Clock, Timer } from '@skerry/base';

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly tickMs: number;
  /** Ticks without a `heard()` after which `onSilent` is called, once. */
  readonly silentTicksMax: number;
  /** Called on each tick that does not end in `onSilent`, and once at the start. */
  readonly onTick?: () => void;
  readonly onSilent: (silentMs: number) => void;
}

export interface Heartbeat {
  /** The other end gave a sign of life. */
  heard(): void;
  stop(): void;
}

export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, tickMs, silentTicksMax } = options;
  let silentTicks = 0;
  let timer: Timer | undefined = clock.after(tickMs, tick);
  options.onTick?.();

  return {
    heard() {
      silentTicks = 0;
    },
    stop() {
      timer?.cancel();
      timer = undefined;
    },
  };

  function tick(): void {
    if (!timer) return;
    silentTicks++;
    if (silentTicks >= silentTicksMax) {
      timer = undefined;
      options.onSilent(silentTicks * tickMs);
      return;
    }
    timer = clock.after(tickMs, tick);
    options.onTick?.();
  }
}
