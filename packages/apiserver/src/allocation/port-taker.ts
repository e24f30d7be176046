import type { NumberRange } from '#allocation/number-range.ts';

/** Takes node ports for one write of a Service. */
export interface PortTaker {
  /** Why this one can't be had. */
  take(port: number): string | undefined;
  /** Any free one; undefined when there is none. */
  takeAny(): number | undefined;
}

/** Takes them from those of the server; `taken` is told of each, to give it back if the write fails. */
export function portsOf(range: NumberRange, taken: (port: number) => void): PortTaker {
  return {
    take(port) {
      if (!range.includes(port))
        return `provided port is not in the valid range. The range of valid ports is ${range.first}-${range.last}`;
      if (!range.take(port)) return alreadyTaken;
      taken(port);
      return undefined;
    },
    takeAny() {
      const port = range.takeAny();
      if (port !== undefined) taken(port);
      return port;
    },
  };
}

/**
 * For a dry run, which takes nothing from anybody: as with a stock server it is asked only what is taken, not what is out
 * of range, and any port is the one behind those that were named, free or not.
 */
export function pretendedPortsOf(range: NumberRange): PortTaker {
  const named: number[] = [];
  return {
    take(port) {
      if (range.has(port) || named.includes(port)) return alreadyTaken;
      named.push(port);
      return undefined;
    },
    takeAny() {
      const port = 1 + (named.length === 0 ? 32_768 : Math.max(...named));
      named.push(port);
      return port;
    },
  };
}

const alreadyTaken = 'provided port is already allocated';
