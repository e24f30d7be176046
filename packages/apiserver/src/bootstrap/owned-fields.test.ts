import type { AnyObject } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { createServiceAccountKey } from '@skerry/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSecurity } from '#security-parts.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
const token = 'a-token-of-a-test';

beforeAll(async () => {
  server = await startTestServer({
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [{ token, user: { name: 'admin', groups: ['system:masters'] } }],
    }),
  });
});
afterAll(() => server.close());

const producer = 'api-priority-and-fairness-config-producer-v1 Update ';
const own = 'kube-apiserver Update ';

test.each([
  ['/api/v1/namespaces/default', [own]],
  ['/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin', [own]],
  ['/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin', [own]],
  [
    '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader',
    [own],
  ],
  ['/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical', [own]],
  ['/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/catch-all', [producer]],
  [
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/catch-all',
    ['api-priority-and-fairness-config-consumer-v1 Apply status', producer],
  ],
  [
    '/apis/networking.k8s.io/v1/servicecidrs/kubernetes',
    ['kubernetes-service-cidr-controller Apply status', own],
  ],
])('fields of %s belong to the part that a stock server names', async (path, owners) => {
  await expect
    .poll(async () => {
      const answer = await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } });
      const { metadata } = (await answer.json()) as AnyObject;
      return metadata?.managedFields?.map(
        ({ manager, operation, subresource = '' }) => `${manager} ${operation} ${subresource}`,
      );
    })
    .toEqual(owners);
});
