/**
 * Empties a namespace that is being deleted, then lets it go. Pods go first, and only when they have gone what they may
 * still need while they stop. What remains, and why, is told in the namespace's conditions.
 * Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
 */
import { isApiError } from '@skerry/api';
import type { KubeList, KubeObject, Namespace, NamespaceCondition } from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resourcePath, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { discover } from '#runtime/discovery.ts';
import type { DiscoveredResource, Discovery } from '#runtime/discovery.ts';
import { withCondition, writeStatus } from '#runtime/status.ts';

const finalizer = 'kubernetes';
const lookAgainMs = 1_000;
const listLimit = 500;

interface Remains {
  /** `pods.` and the like, with how many there are. */
  readonly counts: Map<string, number>;
  readonly finalizers: Map<string, number>;
  readonly failures: string[];
}

export function createNamespaceController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const namespaces = informers.informer<Namespace>(resources.namespaces);
  const queue = createQueue(context);
  namespaces.addHandler({
    onAdd: (namespace) => queue.add(keyOf(namespace)),
    onUpdate: (namespace) => queue.add(keyOf(namespace)),
    onDelete: ({ metadata }) => firstSeenMs.delete(metadata.uid ?? ''),
  });
  /** When namespaces on their way out were first looked at, by uid. */
  const firstSeenMs = new Map<string, number>();
  let known: { readonly discovery: Discovery; readonly readMs: number } | undefined;

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const namespace = namespaces.get(undefined, key);
    if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(finalizer)) {
      return undefined;
    }
    const discovery = await discoveryFor(namespace);
    const remains = await empty(key, discovery);
    const isEmpty = remains.counts.size === 0 && remains.failures.length === 0;
    if (!isEmpty || discovery.failures.length > 0) {
      await report(namespace, discovery, remains);
      return { afterMs: lookAgainMs };
    }
    await finalize(key);
    return undefined;
  }

  /** Nothing is made in a namespace on its way out: what is known since its end began is all that can have objects there. */
  async function discoveryFor({ metadata: { uid = '' } }: Namespace): Promise<Discovery> {
    const nowMs = clock.monotonic();
    const seenMs = firstSeenMs.get(uid) ?? nowMs;
    firstSeenMs.set(uid, seenMs);
    if (known && known.readMs >= seenMs && known.discovery.failures.length === 0) return known.discovery;
    const discovery = await discover(client);
    known = { discovery, readMs: nowMs };
    return discovery;
  }

  async function empty(namespace: string, discovery: Discovery): Promise<Remains> {
    const remains: Remains = { counts: new Map(), finalizers: new Map(), failures: [] };
    const deletable = discovery.resources.filter(
      ({ namespaced, verbs }) => namespaced && verbs.includes('delete') && verbs.includes('list'),
    );
    const isPod = ({ group, resource }: DiscoveredResource) => group === '' && resource === 'pods';
    for (const resource of deletable.filter(isPod)) await emptyOf(namespace, resource, remains);
    if (remains.counts.size > 0) return remains;
    for (const resource of deletable) if (!isPod(resource)) await emptyOf(namespace, resource, remains);
    return remains;
  }

  async function emptyOf(namespace: string, ref: DiscoveredResource, remains: Remains): Promise<void> {
    const name = `${ref.resource}.${ref.group}`;
    try {
      let after = await list(namespace, ref);
      // What has been told to go is not told again: thousands of pods take their time.
      if (after.items.some(({ metadata }) => !metadata?.deletionTimestamp)) {
        await deleteAll(namespace, ref, after.items);
        after = await list(namespace, ref);
      }
      if (after.items.length === 0) return;
      remains.counts.set(name, after.items.length + (after.metadata.remainingItemCount ?? 0));
      for (const { metadata } of after.items) {
        for (const one of metadata?.finalizers ?? []) {
          remains.finalizers.set(one, (remains.finalizers.get(one) ?? 0) + 1);
        }
      }
    } catch (error) {
      // A CRD that went in between, or that serves no such verb.
      if (isApiError(error, 'NotFound') || isApiError(error, 'MethodNotAllowed')) return;
      remains.failures.push(`${name}: ${describeError(error)}`);
    }
  }

  function list(namespace: string, ref: DiscoveredResource): Promise<KubeList> {
    return client.resource(ref).list({ namespace, limit: listLimit, metadataOnly: true });
  }

  async function deleteAll(
    namespace: string,
    ref: DiscoveredResource,
    items: readonly KubeObject[],
  ): Promise<void> {
    if (ref.verbs.includes('deletecollection')) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
      await client.request('DELETE', resourcePath(ref, { namespace }), { body });
      return;
    }
    for (const { metadata } of items) {
      await client
        .resource(ref)
        .delete(metadata?.name ?? '', { namespace, propagationPolicy: 'Background' })
        .catch((error: unknown) => {
          if (!isApiError(error, 'NotFound')) throw error;
        });
    }
  }

  async function report(namespace: Namespace, discovery: Discovery, remains: Remains): Promise<void> {
    let conditions: NamespaceCondition[] | undefined = namespace.status?.conditions;
    for (const condition of conditionsOf(discovery, remains)) {
      conditions = withCondition(conditions, condition, clock.now());
    }
    await writeStatus(client, resources.namespaces, namespace, {
      ...namespace.status,
      phase: 'Terminating',
      conditions,
    });
  }

  async function finalize(name: string): Promise<void> {
    const store = client.resource<Namespace>(resources.namespaces);
    try {
      const fresh = await store.get(name);
      const finalizers = (fresh.spec?.finalizers ?? []).filter((one) => one !== finalizer);
      await store.update({ ...fresh, spec: { ...fresh.spec, finalizers } }, { subresource: 'finalize' });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  return createController({
    name: 'namespace-controller',
    context,
    waitFor: [namespaces],
    queue,
    reconcile,
  });
}

function conditionsOf(discovery: Discovery, remains: Remains): NamespaceCondition[] {
  const counted = (counts: Map<string, number>, text: (name: string, count: number) => string) =>
    [...counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => text(name, count))
      .join(', ');
  const condition = (
    type: string,
    bad: { reason: string; message: string } | undefined,
    good: { reason: string; message: string },
  ): NamespaceCondition => ({ type, status: bad ? 'True' : 'False', ...(bad ?? good) });
  return [
    condition(
      'NamespaceDeletionDiscoveryFailure',
      discovery.failures.length > 0
        ? {
            reason: 'DiscoveryFailed',
            message: `Discovery failed for some groups, ${discovery.failures.length} failing: ${discovery.failures.join(', ')}`,
          }
        : undefined,
      { reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
    ),
    condition('NamespaceDeletionGroupVersionParsingFailure', undefined, {
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    }),
    condition(
      'NamespaceDeletionContentFailure',
      remains.failures.length > 0
        ? {
            reason: 'ContentDeletionFailed',
            message: `Failed to delete all resource types, ${remains.failures.length} remaining: ${remains.failures.join(', ')}`,
          }
        : undefined,
      {
        reason: 'ContentDeleted',
        message: 'All content successfully deleted, may be waiting on finalization',
      },
    ),
    condition(
      'NamespaceContentRemaining',
      remains.counts.size > 0
        ? {
            reason: 'SomeResourcesRemain',
            message: `Some resources are remaining: ${counted(remains.counts, (name, count) => `${name} has ${count} resource instances`)}`,
          }
        : undefined,
      { reason: 'ContentRemoved', message: 'All content successfully removed' },
    ),
    condition(
      'NamespaceFinalizersRemaining',
      remains.finalizers.size > 0
        ? {
            reason: 'SomeFinalizersRemain',
            message: `Some content in the namespace has finalizers remaining: ${counted(remains.finalizers, (name, count) => `${name} in ${count} resource instances`)}`,
          }
        : undefined,
      { reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' },
    ),
  ];
}
