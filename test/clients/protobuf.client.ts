/** What the current kubectl writes as protobuf, read off its own account of the requests that it sends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Center } from '../support/center.ts';
import { certificateRequest } from './kubectl-chapters.ts';
import { Session, wordsOf } from './kubectl-session.ts';

/** A command and the request in which its object travels. */
const commands: [command: string, request: RegExp][] = [
  [
    'create deployment web --image=registry.example/web:1',
    /POST .*\/apis\/apps\/v1\/namespaces\/.*\/deployments/,
  ],
  ['create job once --image=registry.example/web:1', /POST .*\/apis\/batch\/v1\/namespaces\/.*\/jobs/],
  ['create configmap settings --from-literal=a=b', /POST .*\/configmaps/],
  ['create secret generic pass --from-literal=a=b', /POST .*\/secrets/],
  ['create role reader --verb=get --resource=pods', /POST .*\/roles/],
  ['create quota few --hard=pods=9', /POST .*\/resourcequotas/],
  ['create token default --duration=10m', /POST .*\/serviceaccounts\/default\/token/],
  ['autoscale deployment web --max=3', /POST .*\/horizontalpodautoscalers/],
  ['auth can-i list pods', /POST .*\/selfsubjectaccessreviews/],
  ['auth whoami', /POST .*\/selfsubjectreviews/],
  ['certificate approve protobuf-jane', /PUT .*\/certificatesigningrequests\/protobuf-jane\/approval/],
];

describe('kubectl in protobuf', () => {
  let center: Center;
  let session: Session;

  beforeAll(async () => {
    center = await Center.start();
    session = await Session.start(center, 'protobuf');
    const made = await session.kubectl(['create', '-f', '-'], {
      input: certificateRequest('protobuf-jane'),
    });
    expect(made.errors).toBe('');
  });

  afterAll(async () => {
    await center?.stop();
  });

  test.each(commands)('%s', async (command, request) => {
    const { code, output, errors } = await session.kubectl([...wordsOf(command), '-v=9']);
    expect(code, output).toBe(0);
    const sent = errors
      .split('\n')
      .filter((line) => line.includes('curl -v -X') && asRequest(line).match(request));
    expect(sent.map(bodyType)).toEqual(sent.map(() => 'application/vnd.kubernetes.protobuf'));
    expect(sent.length).toBeGreaterThan(0);
  });
});

/** `curl -v -XPOST … 'https://…/pods'` → `POST https://…/pods` */
function asRequest(line: string): string {
  const verb = /-X([A-Z]+)/.exec(line)?.[1];
  const address = /'(https:[^']+)'/.exec(line)?.[1];
  return `${verb} ${address}`;
}

function bodyType(line: string): string | undefined {
  return /-H \\?"Content-Type: ([^"\\]+)/.exec(line)?.[1];
}
