/**
 * A kubeconfig of the caller's own: a client certificate in the person's name, signed by the cluster through its own
 * certificate requests, good for eight hours. It is worth what the person's grants are worth at each moment.
 */
import { ApiError, type CertificateSigningRequest, timeText } from '@skerry/api';
import { type Clock, sleep } from '@skerry/base';
import { type ApiClient, createClient, kubeconfigText, resources } from '@skerry/client';
import { createCertificateRequest, generatePrivateKey, signers } from '@skerry/pki';
import type { PeopleAccess } from '#access/people-access.ts';
import { reachableServer } from '#access/reachable-server.ts';
import { subjectOf } from '#access/subject.ts';
import { paths } from '#contract/paths.ts';
import type { Route } from '#http/route.ts';

const validSeconds = 8 * 3_600;
const waitMsMax = 20_000;

export function kubeconfigRoutes({ access, clock }: { access: PeopleAccess; clock: Clock }): Route[] {
  return [
    {
      method: 'POST',
      pattern: paths.kubeconfig(':cluster'),
      action: 'download kubeconfig',
      stepUp: true,
      async handle({ caller, params, signal, origin }) {
        const cluster = params['cluster'] ?? '';
        const { keeper, address } = access.connection(cluster, caller);
        if (!address.ca) {
          throw new ApiError('BadRequest', `the authority of cluster ${cluster} is not known to the center`);
        }
        const client = createClient({ transport: keeper, userAgent: 'skerry-center/kubeconfig', clock });
        const subject = subjectOf(caller);
        const keyPem = await generatePrivateKey();
        const requestPem = await createCertificateRequest({ ...subject, keyPem });
        const clientCertificate = await sign(client, { requestPem, clock, signal });
        const text = kubeconfigText({
          cluster,
          user: subject.user,
          server: reachableServer(address.server, origin),
          ca: address.ca,
          clientCertificate,
          clientKey: keyPem,
        });
        return {
          status: 200,
          headers: {
            'content-type': 'application/yaml',
            'content-disposition': `attachment; filename="${cluster.replaceAll(/[^\w.-]/g, '_')}.kubeconfig"`,
          },
          body: text,
        };
      },
    },
  ];
}

async function sign(
  client: ApiClient,
  { requestPem, clock, signal }: { requestPem: string; clock: Clock; signal: AbortSignal },
): Promise<string> {
  const requests = client.resource<CertificateSigningRequest>(resources.certificateSigningRequests);
  const made = await requests.create({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'skerry-person-' },
    spec: {
      request: Buffer.from(requestPem).toString('base64'),
      signerName: signers.client,
      usages: ['digital signature', 'client auth'],
      expirationSeconds: validSeconds,
    },
  });
  const name = made.metadata.name ?? '';
  try {
    const now = timeText(clock.now());
    const message = 'the center asked for a person who signed in';
    const condition = {
      type: 'Approved',
      status: 'True',
      reason: 'SignedIn',
      message,
      lastUpdateTime: now,
    } as const;
    await requests.update({ ...made, status: { conditions: [condition] } }, { subresource: 'approval' });
    const deadlineMs = clock.monotonic() + waitMsMax;
    for (;;) {
      const { status } = await requests.get(name);
      if (status?.certificate) return Buffer.from(status.certificate, 'base64').toString();
      const failed = status?.conditions?.find(({ type }) => type === 'Failed' || type === 'Denied');
      if (failed)
        throw new ApiError('ServiceUnavailable', `the cluster signs no certificate: ${failed.message}`);
      if (clock.monotonic() > deadlineMs) {
        throw new ApiError(
          'ServiceUnavailable',
          'the cluster signed no certificate; do its controllers run?',
        );
      }
      await sleep(clock, 50, signal);
    }
  } finally {
    await requests.delete(name).catch(() => undefined);
  }
}
