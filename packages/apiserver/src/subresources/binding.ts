import { badRequest, conflict, unknownError, type AnyObject } from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';
import { metadataOf, type Registry, type Target } from '#registry/registry.ts';
import { updateObject } from '#registry/update.ts';
import type { WriteOptions } from '#registry/write-options.ts';

interface PodCondition {
  type: string;
  status: string;
  lastTransitionTime?: string;
  [field: string]: unknown;
}

/**
 * Puts a pod on a node, once: what is bound stays where it is. The pod's `PodScheduled` becomes true in the same write, so
 * no one sees a bound pod that says it is not scheduled.
 */
export async function bindPod(
  registry: Registry,
  served: Served,
  target: Target,
  binding: AnyObject,
  write: WriteOptions,
): Promise<void> {
  const { name = '', uid, resourceVersion, annotations, labels } = metadataOf(binding);
  if (name !== target.name) throw badRequest('name in URL does not match name in Binding object');
  const faults = bindingFaults(binding);
  if (faults.length > 0) throw unknownError(faults.length > 1 ? `[${faults.join(', ')}]` : faults[0]!);
  if (name === '') throw badRequest('Name parameter required.');
  const node = (binding.target as { readonly name: string }).name;
  await updateObject(
    registry,
    served,
    target,
    {
      part: 'raw',
      keepsGeneration: true,
      transform(pod) {
        const meta = metadataOf(pod);
        const refuse = (why: string) => conflict({ group: '', resource: 'pods/binding' }, target.name, why);
        if (uid && uid !== meta.uid) {
          throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${meta.uid}`);
        }
        if (resourceVersion && resourceVersion !== meta.resourceVersion) {
          throw refuse(
            `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${meta.resourceVersion}`,
          );
        }
        if (meta.deletionTimestamp)
          throw refuse(`pod ${target.name} is being deleted, cannot be assigned to a host`);
        const spec = (pod.spec ??= {}) as { nodeName?: string; schedulingGates?: unknown[] };
        if (spec.nodeName) throw refuse(`pod ${target.name} is already assigned to node "${spec.nodeName}"`);
        if (spec.schedulingGates?.length) {
          throw refuse(`pod ${target.name} has non-empty .spec.schedulingGates`);
        }
        spec.nodeName = node;
        if (annotations) meta.annotations = { ...meta.annotations, ...annotations };
        if (labels) meta.labels = { ...meta.labels, ...labels };
        scheduled(pod, registry.timestamp());
        delete meta.resourceVersion;
        return pod;
      },
    },
    // What a binding writes is nobody's.
    { ...write, fieldManager: undefined },
  );
}

/** As texts: a stock server tells them as an error of its own. */
function bindingFaults({ target }: AnyObject): string[] {
  const { kind, name } = (target ?? {}) as { readonly kind?: string; readonly name?: string };
  const faults: string[] = [];
  if (kind && kind !== 'Node')
    faults.push(
      `target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`,
    );
  if (!name) faults.push('target.name: Required value');
  return faults;
}

function scheduled(pod: AnyObject, now: string): void {
  const status = (pod.status ??= {}) as { conditions?: PodCondition[] };
  const conditions = (status.conditions ??= []);
  const present = conditions.find(({ type }) => type === 'PodScheduled');
  if (present?.status === 'True') return;
  const condition: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: now };
  if (present) conditions[conditions.indexOf(present)] = condition;
  else conditions.push(condition);
}
