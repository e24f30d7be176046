/**
 * Serves the webhooks and tells the API server where: the address and the authority of the server are written into the
 * webhook configurations and the conversion of DaemonSets, at the start and whenever somebody else has written them.
 *
 * The authority is made anew at each start and its key never leaves memory, so there is nothing to steal, to back up or to
 * rotate; until the new one is written, which takes a moment, the API server refuses writes of OpenKruise's kinds.
 */
import { isIP } from 'node:net';
import type {
  CustomResourceDefinition,
  KubeObject,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '@skerry/api';
import { isApiError } from '@skerry/api';
import type { Service } from '@skerry/base';
import { resources } from '@skerry/client';
import type { Informer, ResourceRef } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import type { CertificateAuthority } from '@skerry/pki';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { daemonSetDefinition } from '#kruise/manifests/daemon-set.ts';
import { conversionPath, webhookPort, webhookUrl } from '#kruise/manifests/webhook-endpoint.ts';
import { mutatingConfigurationName, validatingConfigurationName } from '#kruise/manifests/webhooks.ts';
import { reviewers } from '#kruise/webhooks/review.ts';
import { startReviewServer } from '#kruise/webhooks/review-server.ts';
import type { ReviewServer } from '#kruise/webhooks/review-server.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import { isSame } from '#runtime/canonical.ts';
import { timestamp } from '#runtime/status.ts';

interface Endpoint {
  /** `host:port` */
  readonly at: string;
  readonly caBundle: string;
}

const renewAfterMs = 180 * 24 * 3_600_000;

export function createWebhookService(context: KruiseContext): Service {
  const { informers, clock, gates, webhookAddress: host } = context;
  const only = <T extends KubeObject>(ref: ResourceRef, name: string): Informer<T> =>
    informers.informer<T>(ref, { fieldSelector: `metadata.name=${name}` });
  const mutating = only<MutatingWebhookConfiguration>(
    resources.mutatingWebhookConfigurations,
    mutatingConfigurationName,
  );
  const validating = only<ValidatingWebhookConfiguration>(
    resources.validatingWebhookConfigurations,
    validatingConfigurationName,
  );
  const definitions = only<CustomResourceDefinition>(
    resources.customResourceDefinitions,
    daemonSetDefinition.metadata.name ?? '',
  );

  async function write(endpoint: Endpoint): Promise<void> {
    for (const object of mutating.list()) {
      await update(resources.mutatingWebhookConfigurations, object, withEndpoint(object, endpoint));
    }
    for (const object of validating.list()) {
      await update(resources.validatingWebhookConfigurations, object, withEndpoint(object, endpoint));
    }
    for (const object of definitions.list()) {
      await update(resources.customResourceDefinitions, object, withConversion(object, endpoint));
    }
  }

  async function update<T extends KubeObject>(ref: ResourceRef, object: T, wanted: T): Promise<void> {
    if (isSame(object, wanted)) return;
    await context.client
      .resource<T>(ref)
      .update(wanted)
      .catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
  }

  async function serve(signal: AbortSignal, server: ReviewServer, authority: CertificateAuthority) {
    const endpoint = {
      at: `${host}:${server.port}`,
      caBundle: Buffer.from(authority.certificatePem).toString('base64'),
    };
    const queue = createQueue(context);
    queue.add('endpoint');
    queue.add('certificate');
    const look = () => queue.add('endpoint');
    for (const informer of [mutating, validating, definitions]) {
      informer.addHandler({ onAdd: look, onUpdate: look });
    }
    const controller = createController({
      name: 'openkruise-webhooks',
      context,
      waitFor: [mutating, validating, definitions],
      queue,
      workers: 1,
      async reconcile(key) {
        if (key === 'endpoint') return write(endpoint);
        server.useCertificate(await certificateFor(authority, host));
        return { afterMs: renewAfterMs };
      },
    });
    await controller.run(signal);
  }

  return {
    name: 'openkruise-webhooks',
    async run(signal) {
      const authority = await createCertificateAuthority({ commonName: 'openkruise-webhooks', clock });
      const server = await startReviewServer({
        host,
        port: webhookPort,
        certificate: await certificateFor(authority, host),
        context: () => ({ gates, now: timestamp(clock.now()) }),
      });
      try {
        await serve(signal, server, authority);
      } finally {
        await server.close();
      }
    },
  };
}

function certificateFor(authority: CertificateAuthority, host: string) {
  return authority.issueServerCertificate(
    isIP(host) ? { dnsNames: [], ipAddresses: [host] } : { dnsNames: [host], ipAddresses: [] },
  );
}

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** Only of webhooks at paths that are ours: somebody may have added others. */
function withEndpoint<T extends Configuration>(object: T, { at, caBundle }: Endpoint): T {
  const webhooks = (object.webhooks ?? []).map((webhook) => {
    const path = pathOf(webhook.clientConfig.url);
    if (!path || !reviewers.has(path)) return webhook;
    return { ...webhook, clientConfig: { url: webhookUrl(path, at), caBundle } };
  });
  return { ...object, webhooks };
}

function withConversion(
  object: CustomResourceDefinition,
  { at, caBundle }: Endpoint,
): CustomResourceDefinition {
  const { conversion } = object.spec;
  if (!conversion?.webhook) return object;
  const clientConfig = { url: webhookUrl(conversionPath, at), caBundle };
  return {
    ...object,
    spec: { ...object.spec, conversion: { ...conversion, webhook: { ...conversion.webhook, clientConfig } } },
  };
}

function pathOf(url: string | undefined): string | undefined {
  return url && URL.canParse(url) ? new URL(url).pathname : undefined;
}
