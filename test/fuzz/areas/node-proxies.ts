/** Logs, and the proxies to nodes, pods and Services: odd requests, and answers that are hardly any. */
import * as fc from 'fast-check';
import { hostileTexts } from '../hostile-values.ts';
import { servicePorts } from '../node/node-objects.ts';
import { containerNames, mutePort, nodeName } from '../node/node-stand-in.ts';
import { podAnswers } from '../node/pod-stand-in.ts';
import { runtimeManners } from '../node/runtime-stand-in.ts';
import { probe, type Probe } from '../probe.ts';
import { manner, upgrades, visit } from '../visit.ts';

const space = '/api/v1/namespaces/default';

const odd = fc.constantFrom(...hostileTexts.filter((text) => text.length < 1000 && text.isWellFormed()));
const oddly = (...usual: string[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: odd });

const logQuery = fc
  .record({
    container: oddly(...containerNames, 'c'),
    follow: oddly('true', '', ''),
    previous: oddly('', '', 'true'),
    tailLines: oddly('', '0', '1', '5', '100000', '-1', '9007199254740993'),
    limitBytes: oddly('', '1', '100', '1000000'),
    sinceSeconds: oddly('', '', '1', '100000000000'),
    sinceTime: oddly('', '', '2026-01-01T00:00:00Z', '2099-01-01T00:00:00Z'),
    timestamps: oddly('', 'true'),
    stream: oddly('', '', 'All', 'Stdout', 'Stderr'),
  })
  .map((words) => new URLSearchParams(Object.entries(words).filter(([, value]) => value !== '')).toString());

const log = fc.record({
  query: logQuery,
  upgrade: fc.constantFrom('none', 'none', 'none', ...upgrades),
  protocols: fc.array(fc.constantFrom('binary.k8s.io', 'base64.binary.k8s.io', 'x'), { maxLength: 2 }),
  bytes: fc.uint8Array({ maxLength: 40 }),
  manner,
});

const nodePaths = [
  'healthz',
  'pods',
  'metrics',
  'stats/summary',
  'containerLogs/default/echo/c',
  'containerLogs/default/echo/c?follow=1',
  'containerLogs/default/echo/unlogged?follow=1',
  'containerLogs/default/echo/c?tailLines=x',
  'exec/default/echo/c?command=a&output=1',
  'exec/default/silent/c?command=a&output=1',
  'exec/default/echo/c',
  'attach/default/flood/c?output=1',
  'portForward/default/echo?port=80',
  'portForward/default/none',
  '',
  '/',
  '..%2f..%2f',
  '%',
  '%ff%fe',
  '?a=%',
];
const podPort = oddly('', ':80', `:${mutePort}`, ':0', ':99999', ':http', ':-1');
const scheme = fc.constantFrom('', '', '', 'https:', 'http:', 'ftp:');
const toPod = fc
  .tuple(scheme, oddly('echo'), podPort, fc.constantFrom(...Object.keys(podAnswers)))
  .map(
    ([before, name, port, answer]) =>
      `${space}/pods/${before}${encodeURIComponent(name)}${encodeURIComponent(port).replace('%3A', ':')}/proxy/${answer}`,
  );
const toService = fc
  .tuple(
    scheme,
    fc.constantFrom(...Object.keys(servicePorts), '80', '443', ''),
    fc.constantFrom(...Object.keys(podAnswers)),
  )
  .map(([before, port, answer]) => `${space}/services/${before}s:${port}/proxy/${answer}`);
const toNode = fc
  .tuple(
    fc.constantFrom(nodeName, `${nodeName}:10250`, `${nodeName}:1`, 'none'),
    fc.constantFrom(...nodePaths),
  )
  .map(([name, path]) => `/api/v1/nodes/${name}/proxy/${path}`);

const proxied = fc.record({
  path: fc.oneof(
    { weight: 4, arbitrary: toPod },
    { weight: 2, arbitrary: toService },
    { weight: 2, arbitrary: toNode },
  ),
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE'),
  upgrade: fc.constantFrom('none', 'none', 'none', ...upgrades),
  headers: fc.array(
    fc.constantFrom(
      'Content-Length: 10',
      'Transfer-Encoding: chunked',
      'Expect: 100-continue',
      'Connection: close, authorization',
      'Connection: x-a',
      'X-Forwarded-For: \u00ff, a',
      'Accept-Encoding: gzip',
      'Range: bytes=0-',
      'TE: trailers',
      'Cookie: a=b',
    ),
    { maxLength: 2 },
  ),
  bytes: fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.constant(Buffer.alloc(10)),
    fc.constant(Buffer.from('5\r\nabcde\r\n0\r\n\r\n')),
    fc.uint8Array({ maxLength: 30 }),
  ),
  manner,
});

export const nodeProxies: readonly Probe[] = [
  probe(
    'logs of containers',
    fc.tuple(fc.constantFrom(...runtimeManners), log),
    (target, [pod, { query, manner: how, ...rest }]) =>
      visit(
        target,
        { ...rest, ...how, method: 'GET', path: `${space}/pods/${pod}/log?${query}` },
        { silent: false, failing: false, answers: false },
      ),
    { share: 0.2 },
  ),
  probe(
    'proxies to nodes, pods and Services',
    proxied,
    (target, { manner: how, ...rest }) =>
      visit(
        target,
        { ...rest, ...how, protocols: [] },
        // What a pod says, or doesn't, is its own.
        { silent: true, failing: true, answers: true },
      ),
    { share: 0.3 },
  ),
];
