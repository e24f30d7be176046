import type { ResponseStream } from '#http/exchange.ts';

/** What an answer is written to, a request's own or a socket's. */
type WritableEnd = {
  write(bytes: Uint8Array | string): boolean;
  end(): void;
  destroy(): void;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
};

export function responseStream(target: WritableEnd, count: (bytes: number) => void): ResponseStream {
  return {
    write(bytes) {
      if (target.destroyed || target.writableEnded) return false;
      count(bytes.length);
      if (target.write(bytes)) return true;
      return new Promise<boolean>((resolve) => {
        const settle = () => {
          target.off('drain', settle);
          target.off('close', settle);
          resolve(!target.destroyed);
        };
        target.once('drain', settle);
        target.once('close', settle);
      });
    },
    end: () => {
      if (!target.destroyed && !target.writableEnded) target.end();
    },
    destroy: () => target.destroy(),
  };
}
