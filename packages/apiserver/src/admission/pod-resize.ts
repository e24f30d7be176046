/**
 * A pod that has a node is resized only within what that node has, and only where the node can do it: Linux, and, for what
 * not every node knows how to change, nodes that say so of themselves.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
import {
  equalJson,
  ApiError,
  type Container,
  forbidden,
  type Node,
  type Pod,
  podRequests,
  resourceAmounts,
} from '@skerry/api';
import { type AdmissionPlugin, isAbout, nodes, pods } from '#admission/plugin.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

const resizes = { ...pods, subresource: 'resize' };

interface Change {
  readonly pod: Pod;
  readonly old: Pod;
}

/** A change of the spec of a pod that has a node. */
function changeOf(ctx: AdmissionContext): Change | undefined {
  const [pod, old] = [ctx.object, ctx.oldObject] as unknown as Pod[];
  if (ctx.operation !== 'UPDATE' || !pod?.spec?.nodeName || !old) return undefined;
  return pod.metadata.generation === old.metadata.generation ? undefined : { pod, old };
}

function nodeOf(read: ObjectReader, { pod }: Change, name: string): Node {
  const nodeName = pod.spec?.nodeName ?? '';
  const node = read.get<Node>(nodes, nodeName);
  if (!node) throw forbidden(pods, name, `node ${JSON.stringify(nodeName)} not found`);
  return node;
}

export function podResize({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    validate(ctx) {
      const change = isAbout(ctx, resizes) ? changeOf(ctx) : undefined;
      if (!change) return;
      const node = nodeOf(read, change, ctx.name);
      const system = node.metadata.labels?.['kubernetes.io/os'];
      if (system !== undefined && system !== 'linux') {
        const why = `pod resize is only supported on linux nodes, node ${JSON.stringify(node.metadata.name)} is ${JSON.stringify(system)}`;
        throw withCause(forbidden(pods, ctx.name, why), 'UnsupportedPlatform');
      }
      const excess = excessOf(change.pod, node);
      if (excess.length > 0) {
        const why = `node didn't have enough allocatable resources: ${excess.join('; ')}`;
        throw withCause(forbidden(pods, ctx.name, why), 'NodeCapacity');
      }
    },
  };
}

function excessOf({ spec }: Pod, { status }: Node): string[] {
  const allocatable = resourceAmounts(status?.allocatable);
  const requests = spec ? podRequests(spec) : new Map<string, number>();
  return ['cpu', 'memory'].flatMap((name) => {
    const [wanted, there] = [requests.get(name) ?? 0, allocatable.get(name) ?? 0];
    return wanted > there ? [`${name}, requested: ${wanted}, allocatable: ${there}`] : [];
  });
}

function withCause(error: ApiError, reason: string): ApiError {
  const { details } = error.status;
  return new ApiError('Forbidden', error.message, { details: { ...details, causes: [{ reason }] } });
}

/** By the name under which a node declares it: whether a change needs the feature. */
const updateFeatures: readonly (readonly [string, (change: Change) => boolean])[] = [
  [
    'InPlacePodLevelResourcesVerticalScaling',
    ({ pod, old }) => !equalJson(pod.spec?.resources ?? {}, old.spec?.resources ?? {}),
  ],
  [
    'InPlacePodVerticalScalingInitContainers',
    ({ pod, old }) =>
      (old.spec?.initContainers ?? []).some(
        (container, index) =>
          !isSidecar(container) &&
          !equalJson(container.resources ?? {}, pod.spec?.initContainers?.[index]?.resources ?? {}),
      ),
  ],
];

function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

export function nodeDeclaredFeatures({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'NodeDeclaredFeatureValidator',
    validate(ctx) {
      const change = isAbout(ctx, pods) || isAbout(ctx, resizes) ? changeOf(ctx) : undefined;
      if (!change) return;
      const needed = updateFeatures.filter(([, needs]) => needs(change)).map(([name]) => name);
      if (needed.length === 0) return;
      const node = nodeOf(read, change, ctx.name);
      const declared = node.status?.declaredFeatures ?? [];
      const missing = needed.filter((name) => !declared.includes(name));
      if (missing.length === 0) return;
      throw forbidden(
        pods,
        ctx.name,
        `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(node.metadata.name)}`,
      );
    },
  };
}
