/** What clocks of a time zone show at an instant, and back; whole seconds. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // Zones that exist: a few hundred.
    formats.set(zone, format);
  }
  return format;
}

export class WallClock {
  readonly #format: Intl.DateTimeFormat | undefined;

  /** Throws a RangeError for a zone that doesn't exist. */
  constructor(zone: string) {
    this.#format = zone === 'UTC' || zone === '' ? undefined : formatOf(zone);
  }

  at(ms: number): WallTime {
    return fieldsOf(ms + this.#offset(ms));
  }

  /**
   * The instant at which clocks show this; fields beyond their range carry over. Of a time that clocks skip or show twice, the
   * one that the offset before the change gives.
   */
  instant({ year, month, day, hour, minute, second }: WallTime): number {
    const shown = Date.UTC(year, month - 1, day, hour, minute, second);
    const first = this.#offset(shown);
    const guess = shown - first;
    const offset = this.#offset(guess);
    return offset === first ? guess : shown - offset;
  }

  /** How far the zone's clocks are ahead of UTC at an instant. */
  #offset(ms: number): number {
    if (!this.#format) return 0;
    const parts: Record<string, number> = {};
    let isBefore = false;
    for (const { type, value } of this.#format.formatToParts(ms)) {
      if (type === 'era') isBefore = value === 'BC';
      else parts[type] = Number(value);
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const shown = Date.UTC(isBefore ? 1 - year : year, month - 1, day, hour, minute, second);
    return shown - Math.floor(ms / 1000) * 1000;
  }
}

function fieldsOf(ms: number): WallTime {
  const date = new Date(ms);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

/** 0 is Sunday. */
export function weekdayOf({ year, month, day }: WallTime): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

/** RFC 3339 with the zone's offset, as `2026-07-01T09:00:00+09:00`. */
export function zonedTimestamp(ms: number, zone: string): string {
  const shown = new WallClock(zone).at(ms);
  const local = Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second);
  const minutes = Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000);
  const digits = (value: number) => String(value).padStart(2, '0');
  const text = new Date(local).toISOString().slice(0, 19);
  if (minutes === 0) return `${text}Z`;
  const size = Math.abs(minutes);
  return `${text}${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}:${digits(size % 60)}`;
}
