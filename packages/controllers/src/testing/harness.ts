import { MetricRegistry } from '@skerry/base';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { InformerFactory } from '@skerry/client';
import { Numbers } from '#runtime/numbers.ts';
import { controllerView } from '#runtime/controller-view.ts';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { stepPods } from '#testing/fake-kubelet.ts';
import type { FakeKubeletOptions } from '#testing/fake-kubelet.ts';

/** Controllers over an in-memory API and a clock that stands still until moved. */
export function createHarness() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const log = recordingLogger();
  const events = recordingEvents();
  const random = () => 0.5;
  const informers = new InformerFactory({ client, clock, log, random, transform: controllerView });
  const metrics = new MetricRegistry();
  const numbers = new Numbers(metrics);
  const context: ControllerContext = { client, informers, events, clock, log, random, numbers };
  const stop = new AbortController();
  const runs: Promise<void>[] = [];
  return {
    clock,
    client,
    log,
    events,
    context,
    /** The value of one series of the page of metrics. */
    metric: (series: string) => {
      const line = metrics
        .render()
        .split('\n')
        .find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    /** Starts the controllers and waits until they have done what there is to do. */
    async start(...controllers: Controller[]): Promise<void> {
      runs.push(informers.run(stop.signal), ...controllers.map((controller) => controller.run(stop.signal)));
      await clock.advance(100);
    },
    /** Lets controllers, and nodes that bring pods up, act in turn until nothing moves. */
    async settle(options: Omit<FakeKubeletOptions, 'client' | 'clock'> = {}): Promise<void> {
      for (let round = 0; round < 100; round++) {
        await clock.advance(100);
        if (!stepPods({ client, clock, ...options })) return;
      }
      throw new Error('the cluster does not settle');
    },
    async stop(): Promise<void> {
      stop.abort();
      await Promise.all(runs);
    },
    errors: () => log.lines.filter(({ level }) => level === 'error'),
  };
}

export type Harness = ReturnType<typeof createHarness>;
