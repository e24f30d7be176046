/** Requests per second of processor time that the API server spends on them: the client's own work does not count. */
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchPod } from '../objects.ts';
import { cpuSeconds, pssMb } from '../processes.ts';

const peer = 'kube-apiserver with etcd';
const pods = '/api/v1/namespaces/default/pods';

export const measureApi: BenchGroup = async ({ quick, note }) => {
  const count = quick ? 5000 : 50_000;
  const center = await BenchCenter.start();
  const session = await ApiSession.open(center, 4);
  try {
    await defaultAccount(session);
    /** Wall seconds and seconds of the server's processor that `work` took. */
    const timed = async (work: () => Promise<unknown>) => {
      const cpu = cpuSeconds(center.apiPid);
      const startedMs = performance.now();
      await work();
      return { wall: (performance.now() - startedMs) / 1000, cpu: cpuSeconds(center.apiPid) - cpu };
    };
    const created = await timed(() =>
      inParallel(count, 64, (index) => session.ok('POST', pods, benchPod(`pod-${index}`))),
    );
    const lists: { wall: number; cpu: number }[] = [];
    let listBytes = 0;
    for (let index = 0; index < (quick ? 5 : 7); index++) {
      lists.push(
        await timed(async () => {
          listBytes = (await session.ok('GET', pods)).body.length;
        }),
      );
    }
    const gets: { wall: number; cpu: number }[] = [];
    const perRun = quick ? 5000 : 20_000;
    for (let index = 0; index < 3; index++)
      gets.push(
        await timed(() => inParallel(perRun, 64, (at) => session.ok('GET', `${pods}/pod-${at % count}`))),
      );
    const single: number[] = [];
    for (let index = 0; index < 200; index++) {
      const startedMs = performance.now();
      await session.ok('GET', `${pods}/pod-${index}`);
      single.push(performance.now() - startedMs);
    }
    note(`LIST is ${(listBytes / 1e6).toFixed(1)} MB`);
    const listCpu = median(lists.map((list) => list.cpu));
    return [
      { name: 'durable create, 64 at a time', value: count / created.wall, unit: 'creates/s' },
      {
        name: 'durable create per server core',
        value: count / created.cpu,
        unit: 'creates/s/core',
        peer: `1.5x ${peer}`,
      },
      { name: 'GET, 64 at a time', value: median(gets.map((get) => perRun / get.wall)), unit: 'requests/s' },
      {
        name: 'GET per server core',
        value: median(gets.map((get) => perRun / get.cpu)),
        unit: 'requests/s/core',
        peer: `2x ${peer}`,
      },
      { name: 'GET, one at a time', value: median(single), unit: 'ms' },
      { name: `LIST ${count} pods`, value: median(lists.map((list) => list.wall)) * 1000, unit: 'ms' },
      {
        name: `LIST ${count} pods per server core`,
        value: count / Math.max(listCpu, 0.01),
        unit: 'pods/s/core',
        peer: `5x ${peer}`,
      },
      {
        name: `server memory (PSS), ${count} pods`,
        value: center.pids.map(pssMb).reduce((a, b) => a + b, 0),
        unit: 'MB',
        most: 2000,
      },
    ];
  } finally {
    session.close();
    await center.stop();
  }
};

/** Pods are refused until the namespace has its service account. */
export function defaultAccount(session: ApiSession): Promise<void> {
  return until('service account "default"', 30_000, async () => {
    const answer = await session.request('GET', '/api/v1/namespaces/default/serviceaccounts/default');
    return answer.status === 200;
  });
}
