/** What belongs to every cluster and namespace: accounts, their tokens, what certificates are trusted and signed, roles. */
import { generateKeyPairSync } from 'node:crypto';
import { resources } from '@skerry/client';
import { createCertificateRequest } from '@skerry/pki';
import type { Sequence } from '../sequence.ts';
import { clusterRoles } from '../snapshot.ts';

const { serviceAccounts, configMaps, secrets, certificateSigningRequests } = resources;
const rule = (resource: string) => [{ apiGroups: [''], resources: [resource], verbs: ['get'] }];

export const housekeepingSequences: readonly Sequence[] = [
  {
    name: 'what every namespace has comes back',
    looksAt: [serviceAccounts, configMaps],
    async play(stage) {
      await stage.look('there');
      await stage.remove(serviceAccounts, 'default');
      await stage.merge(configMaps, 'kube-root-ca.crt', { data: { 'ca.crt': 'another', more: 'text' } });
      await stage.look('back');
      await stage.remove(configMaps, 'kube-root-ca.crt');
      await stage.look('back again');
    },
  },
  {
    name: 'a Secret asks for a token of an account',
    looksAt: [serviceAccounts, secrets],
    async play(stage) {
      const asking = (name: string, account: string, more: object = {}) =>
        stage.create(secrets, {
          metadata: { name, annotations: { 'kubernetes.io/service-account.name': account, ...more } },
          type: 'kubernetes.io/service-account-token',
        } as never);
      await stage.create(serviceAccounts, { metadata: { name: 'robot' } });
      await asking('one', 'robot');
      await asking('of-nobody', 'nobody');
      await asking('of-another', 'robot', {
        'kubernetes.io/service-account.uid': '00000000-0000-4000-8000-000000000000',
      });
      await stage.look('given');
      await stage.merge(secrets, 'one', { data: { token: null } });
      await stage.look('given again');
      await stage.remove(serviceAccounts, 'robot');
      await stage.look('taken');
    },
  },
  {
    name: 'a ClusterRole is put together of others',
    looksAt: [clusterRoles],
    async play(stage) {
      const part = (name: string, resource: string) =>
        stage.create(clusterRoles, {
          metadata: { name: `~${name}`, labels: { '~part': 'yes' } },
          rules: rule(resource),
        } as never);
      await part('b', 'pods');
      await part('a', 'services');
      await part('c', 'pods');
      await stage.create(clusterRoles, {
        metadata: { name: '~sum' },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { '~part': 'yes' } }] },
        rules: rule('secrets'),
      } as never);
      await stage.look('together');
      await stage.merge(clusterRoles, '~a', { rules: rule('endpoints') });
      await stage.remove(clusterRoles, '~b');
      await stage.look('changed');
      await stage.merge(clusterRoles, '~c', { metadata: { labels: null } });
      await stage.merge(clusterRoles, '~a', { metadata: { labels: null } });
      await stage.look('of none');
    },
  },
  {
    name: 'certificates are signed for those who are approved, by the rules of each signer',
    looksAt: [certificateSigningRequests],
    async play(stage) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const asking = async (name: string, signer: string, usages: string[], subject: object = {}) => {
        const pem = await createCertificateRequest({ keyPem, user: 'someone', groups: [], ...subject });
        await stage.create(certificateSigningRequests, {
          metadata: { name: `~${name}` },
          spec: { request: Buffer.from(pem).toString('base64'), signerName: signer, usages },
        } as never);
      };
      const client = ['digital signature', 'key encipherment', 'client auth'];
      const server = ['digital signature', 'key encipherment', 'server auth'];
      await asking('client', 'kubernetes.io/kube-apiserver-client', client);
      await asking('client-for-servers', 'kubernetes.io/kube-apiserver-client', server);
      await stage.ask(() =>
        asking('master', 'kubernetes.io/kube-apiserver-client', client, {
          groups: ['system:masters'],
        }),
      );
      await asking('node-of-wrong-name', 'kubernetes.io/kube-apiserver-client-kubelet', client);
      await asking('serving-of-wrong-name', 'kubernetes.io/kubelet-serving', server);
      const groups = ['system:nodes'];
      const dnsNames = ['host.example.com'];
      await asking('client-for-nothing', 'kubernetes.io/kube-apiserver-client', ['digital signature']);
      await asking('node-without-name', 'kubernetes.io/kube-apiserver-client-kubelet', client, { groups });
      await asking('node-with-host', 'kubernetes.io/kube-apiserver-client-kubelet', client, {
        groups,
        dnsNames,
      });
      await asking('node-for-servers', 'kubernetes.io/kube-apiserver-client-kubelet', server, {
        groups,
        user: 'system:node:someone',
      });
      await asking('serving-without-host', 'kubernetes.io/kubelet-serving', server, { groups });
      await asking('serving-without-name', 'kubernetes.io/kubelet-serving', server, { groups, dnsNames });
      await asking('of-others', 'example.com/signer', client);
      await asking('denied', 'kubernetes.io/kube-apiserver-client', client);
      await stage.look('waiting');
      const decide = (name: string, type: string) =>
        stage.merge(
          certificateSigningRequests,
          `~${name}`,
          {
            status: { conditions: [{ type, status: 'True', reason: 'Decided', message: 'by someone' }] },
          },
          'approval',
        );
      for (const name of [
        'client',
        'client-for-servers',
        'client-for-nothing',
        'node-without-name',
        'node-with-host',
        'node-for-servers',
        'serving-without-host',
        'serving-without-name',
        'node-of-wrong-name',
        'serving-of-wrong-name',
        'of-others',
      ])
        await decide(name, 'Approved');
      await decide('denied', 'Denied');
      await stage.look('decided');
    },
  },
];
