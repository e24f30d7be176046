/**
 * `npm run conformance`: asks our API server what the real one was asked, and compares the answers by field.
 *
 *     npm run conformance                                     against the recorded answers of the real server
 *     npm run conformance -- --only table --verbose           one area, every difference
 *     npm run conformance -- --json FILE                      numbers and reasons by area
 *     npm run conformance -- --against reference              against the real server itself, started from the binaries that
 *                                                             KUBE_APISERVER and ETCD (or KUBEBUILDER_ASSETS) name
 *     npm run conformance -- --against https://… --kubeconfig F    against one that runs; its objects are left there
 *     … --record                                              keeps its answers as the recorded ones
 *     … --report                                              writes docs/reference/conformance.md
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKubeconfig } from '@skerry/client';
import { scriptOptions } from '../../tools/script-options.ts';
import type { Answer, Step } from './case.ts';
import { cases } from './cases/index.ts';
import { impersonatedCredentials, type Target, tokenCredentials } from './client.ts';
import { type CaseResult, compareServers } from './compare-servers.ts';
import { writeExpectations } from './expectations.ts';
import { dualStackCidrs, startOwnServers } from './own-server.ts';
import { startReferenceServer } from './reference-server.ts';
import { areasOf, documentOf, tableOf } from './report.ts';
import { type UserName, users } from './users.ts';
import { digestOf } from './view.ts';

const usage = `usage: npm run conformance -- [options]

  --only AREA        these areas alone; repeat or separate by commas
  --name TEXT        cases whose name has TEXT
  --against TARGET   compare with a server that runs (https://…, with --kubeconfig F), or with "reference": kube-apiserver and etcd,
                     started from the programs that KUBE_APISERVER and ETCD or KUBEBUILDER_ASSETS name; unset, with recorded answers
  --kubeconfig F     how to reach the server of --against
  --record           keep the answers of the server of --against as the recorded ones
  --json FILE        write numbers and reasons by area
  --report           write docs/reference/conformance.md
  --verbose          print every difference`;

const values = scriptOptions(usage, {
  only: { type: 'string', multiple: true },
  name: { type: 'string' },
  json: { type: 'string' },
  against: { type: 'string' },
  kubeconfig: { type: 'string' },
  record: { type: 'boolean', default: false },
  report: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
});

const wanted = values.only?.flatMap((text) => text.split(','));
const areas = [...new Set(cases.map(({ area }) => area))];
const unknown = wanted?.filter((area) => !areas.includes(area)) ?? [];
if (unknown.length > 0) fail(`there is no area ${unknown.join(', ')}; areas are ${areas.join(' ')}`);
if (values.record && !values.against)
  fail('--record needs --against: the answers of the real server are kept');
if (values.record && values.name) fail('--record takes whole areas, not --name');

const chosen = cases.filter(
  ({ area, name }) => (!wanted || wanted.includes(area)) && (!values.name || name.includes(values.name)),
);

await using opened = new AsyncDisposableStack();
const servers = await startOwnServers();
opened.defer(() => servers.close());
const reference = await referenceTarget();
const dualStackReference = await dualStackTarget();
const results = await compareServers(chosen, {
  ours: servers.own.target,
  ...(reference ? { reference } : {}),
  clusters: {
    'dual-stack': {
      ours: servers.dualStack.target,
      ...(dualStackReference ? { reference: dualStackReference } : {}),
    },
  },
  nowMs: Date.now(),
  random: Math.random,
});

if (values.record) record(results);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ areas: areasOf(results) }, null, 2)}\n`);
if (values.report) {
  writeFileSync(join(import.meta.dirname, '../../docs/reference/conformance.md'), documentOf(results));
}
console.log(tableOf(results, { verbose: values.verbose }));
process.exitCode = results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;

async function referenceTarget(): Promise<Target | undefined> {
  if (!values.against) return undefined;
  if (values.against === 'reference') {
    const server = await startReferenceServer();
    opened.defer(() => server.close());
    return { url: server.url, ca: server.ca, credentials: tokenCredentials };
  }
  if (!values.kubeconfig) fail('--against needs --kubeconfig, with an administrator that has a token');
  const { server, ca, token } = await loadKubeconfig(values.kubeconfig);
  if (!token) fail(`the current user of ${values.kubeconfig} has no token`);
  const tokens = await tokensIn(values.kubeconfig);
  return {
    url: values.against || server,
    ...(ca ? { ca } : {}),
    credentials: (user) =>
      tokens.has(user)
        ? { authorization: `Bearer ${tokens.get(user)}` }
        : impersonatedCredentials(token, user),
  };
}

/** Only one that is started here can be started in two ways; others are not asked those cases. */
async function dualStackTarget(): Promise<Target | undefined> {
  if (values.against !== 'reference' || !chosen.some(({ cluster }) => cluster === 'dual-stack'))
    return undefined;
  const flags = [`--service-cluster-ip-range=${dualStackCidrs.join(',')}`];
  const server = await startReferenceServer({ flags });
  opened.defer(() => server.close());
  return { url: server.url, ca: server.ca, credentials: tokenCredentials };
}

/** A kubeconfig may have a context for each of the cases' users; the others are impersonated. */
async function tokensIn(file: string): Promise<ReadonlyMap<UserName, string>> {
  const found = new Map<UserName, string>();
  for (const name of Object.keys(users) as UserName[]) {
    const context = await loadKubeconfig(file, { context: name }).catch(() => undefined);
    if (context?.token) found.set(name, context.token);
  }
  return found;
}

/** Big documents are kept as digests; two living servers were compared by the whole of them. */
function record(all: readonly CaseResult[]): void {
  for (const area of new Set(all.map((result) => result.area))) {
    const answers = all.filter((result) => result.area === area && result.expected !== undefined);
    writeExpectations(
      area,
      new Map(answers.map(({ name, expected, steps }) => [name, digested(steps, expected ?? [])])),
    );
  }
}

function digested(steps: readonly Step[], answers: readonly Answer[]): Answer[] {
  return answers.map((answer, index) => {
    const view = steps[index]?.view;
    return view && answer.code === 200 ? { ...answer, body: digestOf(view, answer.body) } : answer;
  });
}

function fail(text: string): never {
  console.error(text);
  process.exit(2);
}
