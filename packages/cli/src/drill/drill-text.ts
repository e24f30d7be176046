import type { DrillReport } from '#drill/drill.ts';
import { counted } from '#terminal/counted.ts';

const namedMax = 10;

/** One line for each thing that was to hold. */
export function drillText({ region, seconds, nodes, pods, held }: DrillReport): string {
  const asked = nodes.flatMap(({ name: node, probes }) => probes.map((probe) => ({ node, ...probe })));
  const questions = asked.reduce((sum, { name, connection }) => sum + name.asked + connection.asked, 0);
  const failures = asked.flatMap(({ node, service, name, connection }) => [
    ...(name.failed > 0
      ? [`the name of ${service} on ${node}: ${name.failed} of ${name.asked}: ${name.error}`]
      : []),
    ...(connection.failed > 0
      ? [`${service} from ${node}: ${connection.failed} of ${connection.asked}: ${connection.error}`]
      : []),
  ]);
  const before = asked.flatMap(({ node, service, name, connection }) => [
    ...(name.before === undefined ? [] : [`the name of ${service} on ${node}: ${name.before}`]),
    ...(connection.before === undefined ? [] : [`${service} from ${node}: ${connection.before}`]),
  ]);
  const late = nodes.filter(({ readyAfterSeconds }) => readyAfterSeconds === undefined);
  const times = nodes.flatMap(({ readyAfterSeconds }) => readyAfterSeconds ?? []);
  const silent = nodes.filter(({ noProbes }) => noProbes !== undefined);
  return [
    `region ${region}, ${counted(nodes.length, 'machine')}, cut for ${seconds} s`,
    line(
      pods.runsNow === pods.ranBefore,
      `pods: ${pods.ranBefore} ran before, ${pods.runsNow} of them run now`,
    ),
    ...list('gone', pods.gone),
    line(pods.restarted.length === 0, `restarts: ${pods.restarted.length || 'none'}`),
    ...list('restarted', pods.restarted),
    line(pods.evicted.length === 0, `evictions: ${pods.evicted.length || 'none'}`),
    ...list('evicted', pods.evicted),
    line(pods.notReady.length === 0, `readiness: ${counted(pods.notReady.length, 'pod')} not ready any more`),
    ...list('not ready', pods.notReady),
    questions === 0
      ? '  - Services and names: nothing was asked'
      : line(
          failures.length === 0,
          `Services and names: ${new Set(asked.map(({ service }) => service)).size} asked ${questions} times, ${failures.length === 0 ? 'all answered' : 'not all answered'}`,
        ),
    ...list('no answer', failures),
    ...list('no answer before the cut either, so not asked', before),
    ...list(
      'nothing asked',
      silent.map(({ name, noProbes }) => `${name}: ${noProbes}`),
    ),
    line(
      late.length === 0,
      late.length === 0
        ? `return: Ready within ${Math.max(0, ...times)} s`
        : `return: ${counted(late.length, 'machine')} not Ready after two minutes`,
    ),
    ...list(
      'not Ready',
      late.map(({ name }) => name),
    ),
    held ? 'it held' : 'it did not hold',
    '',
  ].join('\n');
}

function line(held: boolean, text: string): string {
  return `  ${held ? '✓' : '✗'} ${text}`;
}

function list(what: string, names: readonly string[]): string[] {
  const shown = names.slice(0, namedMax).map((name) => `      ${what}: ${name}`);
  return names.length > namedMax ? [...shown, `      … and ${names.length - namedMax} more`] : shown;
}
