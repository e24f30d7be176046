/** The two programs that components run in pods: wired here with real time, network and files. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type Clock, type Logger } from '@skerry/base';
import { aborted } from '#process/run-until-stopped.ts';
import { httpSender } from './http-request.ts';
import { generateLoad } from './load/generate-load.ts';
import { loadPlanOf } from './load/load-plan.ts';
import { check } from './probe/checks.ts';
import { Prober } from './probe/prober.ts';
import { metricsText } from './probe/metrics-text.ts';
import { readProbePlan } from './probe/probe-plan.ts';

/** Where Kubernetes takes what a container has to say at its end: it stands in the pod's status then. */
const terminationLog = '/dev/termination-log';

export async function runLoadGenerator(
  { env, clock, log }: { env: NodeJS.ProcessEnv; clock: Clock; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const plan = loadPlanOf(env);
  log.info('waiting for the agreed instant', { target: plan.target, start: env['LOAD_START_AT'] });
  const sender = httpSender(plan.target);
  try {
    const result = await generateLoad(plan, { clock, send: (limit) => sender.send(limit), signal });
    const text = JSON.stringify(result);
    process.stdout.write(`${text}\n`);
    try {
      writeFileSync(terminationLog, text);
    } catch {
      // Not in a pod: what was printed is all there is.
    }
  } finally {
    sender.close();
  }
}

export async function runProber(
  options: {
    config: string;
    port: number;
    env: NodeJS.ProcessEnv;
    clock: Clock;
    log: Logger;
    random: () => number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { config, port, env, clock, log, random } = options;
  const plan = readProbePlan(config, env);
  const prober = new Prober(plan, { clock, check, random });
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
    const answers: Readonly<Record<string, () => string>> = {
      '/report': () => JSON.stringify(prober.report()),
      '/metrics': () => metricsText(prober.report()),
      '/healthz': () => 'ok\n',
    };
    const answer = Object.hasOwn(answers, request.url ?? '') ? answers[request.url ?? ''] : undefined;
    response.writeHead(answer ? 200 : 404, {
      'content-type': request.url === '/report' ? 'application/json' : 'text/plain; version=0.0.4',
    });
    response.end(answer?.() ?? 'not found\n');
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  log.info('probing', { probes: plan.probes.length, pool: plan.pool, node: plan.node });
  const running = prober.run(signal);
  await aborted(signal);
  await running.catch(() => undefined);
  server.close();
  server.closeAllConnections();
}
