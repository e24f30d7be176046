import type { KubeObject, WatchEvent } from '@skerry/api';
import type { ListWatch } from '#cache/observed-source.ts';

/** A source that streams what it is given, serialized and read as over a wire, and then is quiet until the signal. */
export function streamedSource(make: (index: number) => object, count: number): ListWatch {
  return {
    list: async () => ({ metadata: { resourceVersion: '1' }, items: [] }),
    async *watch({ signal }): AsyncGenerator<WatchEvent> {
      for (let index = 0; index < count; index++) {
        yield { type: 'ADDED', object: JSON.parse(JSON.stringify(make(index))) as KubeObject };
      }
      yield {
        type: 'BOOKMARK',
        object: { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
      };
      if (!signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
}
