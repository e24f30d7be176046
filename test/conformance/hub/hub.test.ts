/** A hub before a cluster of elsewhere: what `docs/how-to/keep-another-cluster-readable.md` says of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { decodeProtobuf, type KubeObject, type TokenRequest } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { type ApiClient, createClient, createHttpTransport, resources, type Transport } from '@skerry/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CommandResult, kubectlProgram, run } from '../../support/cluster.ts';
import { adminClient } from '../admin-client.ts';
import { users } from '../users.ts';
import { HubProcess } from './hub-process.ts';
import { type ElsewhereServer, servers } from './servers.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const namespace = 'default';
const hasKubectl = existsSync(kubectlProgram);

describe.each(servers)('a hub before %s', (_, startServer) => {
  let server: ElsewhereServer;
  let hub: HubProcess;
  /** Past the hub. */
  let direct: ApiClient;
  const transports: Transport[] = [];
  const children: ChildProcess[] = [];
  let names = 0;

  beforeAll(async () => {
    server = await startServer();
    direct = adminClient(server, 'test');
    hub = await HubProcess.before(server, server.identity);
    await hub.seen('mended');
    const account = { metadata: { name: 'default', namespace } };
    await direct.resource(resources.serviceAccounts).create(account);
  }, 240_000);

  afterAll(async () => {
    await hub?.close();
    await server?.close();
  });

  beforeEach(() => hub.mend());

  afterEach(() => {
    for (const transport of transports.splice(0)) transport.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const uniqueName = (what: string) => `${what}-${++names}`;
  const configMap = (name: string, value = '1') =>
    direct
      .resource(resources.configMaps)
      .create({ metadata: { name, namespace }, data: { value } } as KubeObject);

  async function through(token: string): Promise<Transport> {
    const transport = await hub.transport(token);
    transports.push(transport);
    return transport;
  }

  async function as(token: string): Promise<ApiClient> {
    return createClient({ transport: await through(token), userAgent: 'test' });
  }

  /** What is answered to a GET, whole. */
  async function read(transport: Transport, path: string, accept = 'application/json') {
    const { status, headers, body } = await transport.request({ method: 'GET', path, headers: { accept } });
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return { status, headers, body: Buffer.concat(chunks) };
  }

  const asAdmin = (args: readonly string[]) => [
    '--kubeconfig',
    hub.kubeconfig,
    '--token',
    users.admin.token,
    '--cache-dir',
    `${hub.directory}/cache`,
    ...args,
  ];

  const kubectl = (args: readonly string[], input?: string): Promise<CommandResult> =>
    run(kubectlProgram, asAdmin(args), input === undefined ? {} : { input });

  test('asks in the name of who asks, and not in its own', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const carol = await as(users.carol.token);
    expect(
      await carol.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: review }),
    ).toMatchObject({ status: { userInfo: { username: 'carol' } } });
    // The node may read itself, and she may not.
    await expect(carol.resource(resources.nodes).get('n1')).rejects.toMatchObject({ code: 403 });
    await expect(carol.resource(resources.secrets).list({ namespace })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('User "carol" cannot list resource "secrets"') as string,
    });
    const stranger = await as('no-such-token');
    await expect(stranger.resource(resources.pods).list({ namespace })).rejects.toMatchObject({ code: 401 });
  });

  test('gives each form of an object as the server does, with the line and without', async () => {
    const name = uniqueName('forms');
    await configMap(name);
    const admin = await through(users.admin.token);
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    const formsFrom = async (transport: Transport) => {
      const json = await read(transport, path);
      const binary = await read(transport, path, protobuf);
      expect([json, binary].map(({ headers }) => headers['content-type'])).toEqual([
        'application/json',
        protobuf,
      ]);
      // Fields that are empty may be written or not.
      return { json: json.body.toString(), binary: decodeProtobuf(binary.body), headers: binary.headers };
    };
    const theirs = await formsFrom(adminTransport());
    const linked = await formsFrom(admin);
    expect([linked.json, linked.binary]).toEqual([theirs.json, theirs.binary]);
    await hub.cut();
    const held = await formsFrom(admin);
    expect([held.json, held.binary]).toEqual([theirs.json, theirs.binary]);
    expect(held.headers['warning']).toContain('110');
  });

  test('lists and tables go on without the line, at the revision that was read', async () => {
    const name = uniqueName('listed');
    await configMap(name);
    const admin = await through(users.admin.token);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const revisionOf = (body: Buffer) =>
      (JSON.parse(body.toString()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
    const linked = await read(admin, path);
    await hub.cut();
    const held = await read(admin, path);
    expect(JSON.parse(held.body.toString())).toEqual(JSON.parse(linked.body.toString()));
    expect(revisionOf(held.body)).toBe(revisionOf(linked.body));
    const table = await read(admin, path, 'application/json;as=Table;v=v1;g=meta.k8s.io');
    expect(table.body.toString()).toContain(`"cells":["${name}",1,`);
    expect((await read(admin, `${path}?limit=500`, protobuf)).body.subarray(0, 4).toString()).toBe('k8s\0');
    expect((await read(admin, `/api/v1/namespaces/${namespace}/endpoints`)).status).toBe(503);
  });

  test('watches begin with a streamed list, in protobuf too', async () => {
    await configMap(uniqueName('streamed'));
    const admin = await through(users.admin.token);
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const path = `/api/v1/namespaces/${namespace}/configmaps?${query}`;
    const firstBytes = async (accept: string, until: string) => {
      const { status, headers, body } = await admin.request({ method: 'GET', path, headers: { accept } });
      let text = '';
      for await (const chunk of body) {
        text += Buffer.from(chunk).toString('latin1');
        if (text.includes(until)) break;
      }
      return { status, type: headers['content-type'], text };
    };
    const json = await firstBytes('application/json', 'initial-events-end');
    expect(json).toMatchObject({ status: 200, type: 'application/json' });
    expect(json.text).toContain('"type":"ADDED"');
    const binary = await firstBytes(protobuf, 'initial-events-end');
    expect(binary).toMatchObject({ status: 200, type: `${protobuf};stream=watch` });
    expect(binary.text).toContain('k8s\0');
  });

  test.skipIf(!hasKubectl)('kubectl watches through a cut, and is told what happened meanwhile', async () => {
    const [before, after] = [uniqueName('before'), uniqueName('after')];
    await configMap(before);
    const words = ['get', 'configmaps', '--watch', '--output-watch-events', '--no-headers'];
    const watch = spawn(kubectlProgram, asAdmin(words), { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(watch);
    let told = '';
    watch.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const lines = () =>
      told
        .split('\n')
        .map((line) => line.split(/ +/).slice(0, 2).join(' '))
        .filter((line) => line.includes(before) || line.includes(after));
    await eventually(() => expect(lines()).toEqual([`ADDED ${before}`]));
    await hub.cut();
    await direct.resource(resources.configMaps).delete(before, { namespace });
    await configMap(after);
    await hub.mend();
    await eventually(() => expect(lines()).toHaveLength(3));
    expect(lines().toSorted()).toEqual([`ADDED ${before}`, `ADDED ${after}`, `DELETED ${before}`].toSorted());
    expect(watch.exitCode).toBeNull();
  });

  test.skipIf(!hasKubectl)(
    'kubectl is refused what would change something, and nothing is taken for later',
    async () => {
      const name = uniqueName('refused');
      expect(await kubectl(['get', 'configmaps'])).toMatchObject({ code: 0 });
      await hub.cut();
      const answer = await kubectl(['create', 'configmap', name]);
      expect(answer.code).toBe(1);
      expect(answer.errors).toContain('this node is cut off from the cluster: nothing can be changed');
      const admin = await as(users.admin.token);
      const object = { metadata: { name, namespace } };
      await expect(admin.resource(resources.configMaps).create(object)).rejects.toMatchObject({
        code: 503,
        reason: 'ServiceUnavailable',
      });
      await hub.mend();
      await expect(direct.resource(resources.configMaps).get(name, { namespace })).rejects.toMatchObject({
        code: 404,
      });
    },
  );

  test.skipIf(!hasKubectl)('kubectl reads custom resources, with the line and without', async () => {
    const group = `${uniqueName('shops')}.example.com`;
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `tills.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'tills', singular: 'till', kind: 'Till' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            additionalPrinterColumns: [{ name: 'Drawer', type: 'integer', jsonPath: '.drawer' }],
            schema: {
              openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        ],
      },
    };
    const till = { apiVersion: `${group}/v1`, kind: 'Till', metadata: { name: 'first' }, drawer: 7 };
    expect(await kubectl(['create', '-f', '-'], JSON.stringify(definition))).toMatchObject({ code: 0 });
    await kubectl(['wait', '--for=condition=Established', `crd/tills.${group}`, '--timeout=30s']);
    await eventually(async () =>
      expect(await kubectl(['create', '-f', '-'], JSON.stringify(till))).toMatchObject({ code: 0 }),
    );
    const get = ['get', `tills.${group}`, 'first', '--output', 'jsonpath={.drawer}'];
    expect(await kubectl(get)).toMatchObject({ code: 0, output: '7' });
    expect(await kubectl(['get', `tills.${group}`])).toMatchObject({ code: 0 });
    await hub.cut();
    expect(await kubectl(get)).toMatchObject({ code: 0, output: '7' });
    const list = await kubectl(['get', `tills.${group}`]);
    expect([list.code, list.output]).toEqual([0, expect.stringMatching(/^NAME +DRAWER\s+first +7/)]);
  });

  test.skipIf(!hasKubectl)('exec and logs pass, and what the server says of them comes back', async () => {
    const name = uniqueName('nowhere');
    await createPod(name, 'elsewhere');
    for (const args of [
      ['exec', name, '--', 'true'],
      ['logs', name],
    ])
      expect((await kubectl(args)).errors).not.toContain('cut off');
    await hub.cut();
    for (const args of [
      ['exec', name, '--', 'true'],
      ['logs', name],
    ])
      expect((await kubectl(args)).errors).toMatch(/cut off|can not reach the cluster/);
  });

  test("a pod's token of that cluster holds without the line, on this node alone", async () => {
    const seen = await podToken('n1');
    const unseen = await podToken('n1');
    const elsewhere = await podToken('n2');
    const own = (token: string, account: string) =>
      as(token).then((client) => client.resource(resources.configMaps).get(account, { namespace }));
    expect(await own(seen.token, seen.account)).toMatchObject({ data: { value: 'own' } });
    await expect(own(seen.token, unseen.account)).rejects.toMatchObject({ code: 403 });
    // A hub that was just started reads at once which pods run on its node; one that was cut off does after a pause.
    await eventually(
      async () => {
        await hub.mend();
        await hub.stop();
        await hub.start();
        await own(seen.token, seen.account);
        await hub.cut();
        await expect(own(elsewhere.token, elsewhere.account)).rejects.toMatchObject({ code: 401 });
        await expect(own(unseen.token, unseen.account)).rejects.toMatchObject({ code: 503 });
      },
      { timeoutMs: 60_000 },
    );
    await hub.stop();
    await hub.start();
    await eventually(async () =>
      expect(await own(seen.token, seen.account)).toMatchObject({ data: { value: 'own' } }),
    );
    await expect(own(seen.token, unseen.account)).rejects.toMatchObject({ code: 403 });
    await expect(own(elsewhere.token, elsewhere.account)).rejects.toMatchObject({ code: 401 });
    await expect(own(`${seen.token}x`, seen.account)).rejects.toMatchObject({ code: 401 });
  });

  function adminTransport(): Transport {
    const { url, ca } = server;
    const token = users.admin.token;
    const transport = createHttpTransport({ server: url, token, ...(ca === undefined ? {} : { ca }) });
    transports.push(transport);
    return transport;
  }

  async function createPod(name: string, nodeName: string, serviceAccountName = 'default') {
    return direct.resource(resources.pods).create({
      metadata: { name, namespace },
      spec: { nodeName, serviceAccountName, containers: [{ name: 'main', image: 'busybox' }] },
    } as KubeObject);
  }

  /** Of a pod on that node, whose account may read the ConfigMap of its own name. */
  async function podToken(nodeName: string): Promise<{ readonly token: string; readonly account: string }> {
    const account = uniqueName('account');
    const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;
    const metadata = { name: account, namespace };
    await direct.resource(resources.serviceAccounts).create({ metadata });
    await direct.resource({ ...rbac, resource: 'roles', kind: 'Role' }).create({
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [account], verbs: ['get'] }],
    } as KubeObject);
    await direct.resource({ ...rbac, resource: 'rolebindings', kind: 'RoleBinding' }).create({
      metadata,
      roleRef: { apiGroup: rbac.group, kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    } as KubeObject);
    await configMap(account, 'own');
    const { metadata: made } = await createPod(account, nodeName, account);
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: account, uid: made?.uid ?? '' };
    const body = { spec: { expirationSeconds: 3600, audiences: [], boundObjectRef } };
    const answer = await direct
      .resource(resources.serviceAccounts)
      .createSubresource<TokenRequest>(account, 'token', body, { namespace });
    return { token: answer.status?.token ?? '', account };
  }
});
