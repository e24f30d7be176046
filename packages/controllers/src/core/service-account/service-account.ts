/**
 * What every namespace has: the ServiceAccount `default`, which pods use that name none, and the ConfigMap
 * `kube-root-ca.crt`, by which they know the API server. Both come back when someone deletes or changes them.
 */
import { isApiError } from '@skerry/api';
import type { Informer } from '@skerry/client';
import type { ConfigMap, KubeObject, Namespace, ServiceAccount } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import type { Metrics } from '#runtime/metrics.ts';
import { exponential, numbersOf } from '#runtime/numbers.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';

export interface RootCertificateSettings {
  /** Whose certificate pods trust; without it the ConfigMap is nobody's business here. */
  readonly authority?: { readonly certificatePem: string };
}

const accountName = 'default';
const configMapName = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal ' +
  'service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export function createServiceAccountController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const accounts = informers.informer<ServiceAccount>(resources.serviceAccounts, {
    fieldSelector: `metadata.name=${accountName}`,
  });
  return perNamespace(context, {
    name: 'service-account-controller',
    watched: accounts,
    async reconcile(namespace) {
      if (accounts.get(namespace, accountName)) return;
      const account: ServiceAccount = { metadata: { name: accountName, namespace } };
      await createIfAbsent(() => client.resource<ServiceAccount>(resources.serviceAccounts).create(account));
    },
  });
}

export function createRootCertificateController(
  context: ControllerContext,
  { authority }: RootCertificateSettings,
): Controller | undefined {
  if (!authority) return undefined;
  const { client, informers } = context;
  const configMaps = informers.informer<ConfigMap>(resources.configMaps, {
    fieldSelector: `metadata.name=${configMapName}`,
  });
  const data = { 'ca.crt': authority.certificatePem };
  const numbers = numbersOf(context, publisherNumbers);
  const { clock } = context;
  return perNamespace(context, {
    name: 'root-ca-certificate-publisher-controller',
    watched: configMaps,
    async reconcile(namespace) {
      const startedMs = clock.monotonic();
      const tell = (code: number) => numbers.synced(code, (clock.monotonic() - startedMs) / 1000);
      await publish(namespace).then(
        () => tell(200),
        (error: unknown) => {
          tell(isApiError(error) ? error.code : 500);
          throw error;
        },
      );
    },
  });

  async function publish(namespace: string): Promise<void> {
    const store = client.resource<ConfigMap>(resources.configMaps);
    const existing = configMaps.get(namespace, configMapName);
    if (!existing) {
      const metadata = {
        name: configMapName,
        namespace,
        annotations: { [descriptionAnnotation]: description },
      };
      await createIfAbsent(() => store.create({ metadata, data }));
      return;
    }
    const isTrue = existing.data?.['ca.crt'] === data['ca.crt'] && Object.keys(existing.data).length === 1;
    if (isTrue && existing.metadata.annotations?.[descriptionAnnotation]) return;
    const annotations = { ...existing.metadata.annotations, [descriptionAnnotation]: description };
    await store.update({ ...existing, metadata: { ...existing.metadata, annotations }, data });
  }
}

function publisherNumbers(metrics: Metrics) {
  const of = {
    help: 'Number of namespace syncs happened in root ca cert publisher.',
    labels: ['code'],
  };
  const syncs = metrics.counter({ name: 'root_ca_cert_publisher_sync_total', ...of });
  const took = metrics.histogram({
    name: 'root_ca_cert_publisher_sync_duration_seconds',
    ...of,
    buckets: exponential(0.001, 2, 15),
  });
  return {
    synced(code: number, seconds: number) {
      syncs.with(String(code)).add();
      took.with(String(code)).observe(seconds);
    },
  };
}

function perNamespace<T extends KubeObject>(
  context: ControllerContext,
  options: {
    readonly name: string;
    readonly watched: Informer<T>;
    reconcile(namespace: string): Promise<void>;
  },
): Controller {
  const namespaces = context.informers.informer<Namespace>(resources.namespaces);
  const queue = createQueue(context);
  namespaces.addHandler({
    onAdd: (namespace) => queue.add(keyOf(namespace)),
    onUpdate: (namespace) => queue.add(keyOf(namespace)),
  });
  const enqueue = (object: T) => queue.add(object.metadata?.namespace ?? '');
  options.watched.addHandler({ onUpdate: enqueue, onDelete: enqueue });
  return createController({
    name: options.name,
    context,
    waitFor: [namespaces, options.watched],
    queue,
    async reconcile(key) {
      const namespace = namespaces.get(undefined, key);
      const isEnding = namespace?.metadata.deletionTimestamp || namespace?.status?.phase === 'Terminating';
      if (namespace && !isEnding) await options.reconcile(key);
    },
  });
}

async function createIfAbsent(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    // Gone in between, or made by someone else.
    if (!isApiError(error, 'AlreadyExists') && !isApiError(error, 'NotFound')) throw error;
  }
}
