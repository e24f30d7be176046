/**
 * What the node authorizer lets through by URL is checked here by content: a node writes its own Node, status of its own
 * pods, its own Lease and CSINode, and tokens for its own pods; it can't give itself labels or taints that decide where
 * other people's pods go.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
import { type AnyObject, type Node, type Pod, forbidden, taintsOfReturn } from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import { mirrorAnnotation } from '#admission/service-account.ts';
import { nodeNameOf } from '#authz/node-access.ts';
import { referencesOf } from '#authz/pod-graph.ts';
import { mountedAudiences } from '#admission/token-audiences.ts';
import type { AdmissionContext, Authorizer, ObjectReader } from '#security.ts';

const restrictedDomain = 'node-restriction.kubernetes.io';
/** Labels of Kubernetes' own domains that a node may set on itself. */
const allowedLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
]);
const allowedDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
/** Kinds of which a node owns the one object that has its name. */
const namesakes = new Set(['leases.coordination.k8s.io', 'csinodes.storage.k8s.io']);

interface Parts {
  readonly read: ObjectReader;
  readonly authorizer: Authorizer;
}

export function nodeRestriction(parts: Parts): AdmissionPlugin {
  const { read } = parts;
  return {
    name: 'NodeRestriction',
    async validate(ctx) {
      const node = nodeNameOf(ctx.user);
      if (node === undefined) return;
      if (isAbout(ctx, pods)) checkPod(ctx, node);
      else if (isAbout(ctx, { ...pods, subresource: 'status' })) checkPodStatus(ctx, node);
      else if (isAbout(ctx, { ...pods, subresource: 'eviction' })) checkEviction(ctx, node, read);
      else if (ctx.resource === 'nodes' && ctx.kind.group === '') checkNode(ctx, node);
      else if (ctx.resource === 'serviceaccounts' && ctx.subresource === 'token')
        await checkToken(ctx, node, parts);
      else if (namesakes.has(`${ctx.resource}.${ctx.kind.group}`)) checkNamesake(ctx, node);
      else if (isAbout(ctx, { group: 'resource.k8s.io', resource: 'resourceslices' })) checkSlice(ctx, node);
    },
  };
}

function refuse(ctx: AdmissionContext, why: string): never {
  throw forbidden({ group: ctx.kind.group, resource: ctx.resource }, ctx.name, why);
}

/** What a node's pods refer to, the node may read: were its own pods to refer to anything, it could read all there is. */
function checkPod(ctx: AdmissionContext, node: string): void {
  if (ctx.operation === 'CREATE') {
    const pod = ctx.object as unknown as Pod;
    if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) {
      refuse(
        ctx,
        `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`,
      );
    }
    if (pod.spec?.nodeName !== node) {
      refuse(ctx, `node "${node}" can only create pods with spec.nodeName set to itself`);
    }
    const owners = pod.metadata.ownerReferences ?? [];
    if (owners.length > 1 || owners.some((owner) => owner.kind !== 'Node' || owner.name !== node)) {
      refuse(ctx, `node "${node}" can only create pods with an owner reference set to itself`);
    }
    const [reference] = referencesOf(pod.spec, ctx.name, ctx.namespace);
    if (reference !== undefined) {
      refuse(ctx, `node "${node}" can not create pods that reference ${reference.split('/')[0]}`);
    }
    return;
  }
  if (ctx.operation === 'DELETE') {
    if ((ctx.oldObject as Pod | undefined)?.spec?.nodeName === node) return;
    refuse(ctx, `node "${node}" can only delete pods with spec.nodeName set to itself`);
  }
  refuse(
    ctx,
    `unexpected operation "${ctx.operation}", node "${node}" can only create and delete mirror pods`,
  );
}

function checkPodStatus(ctx: AdmissionContext, node: string): void {
  const old = ctx.oldObject as unknown as Pod;
  if (old.spec?.nodeName !== node) {
    refuse(ctx, `node "${node}" can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (!sameMap(old.metadata.labels, ctx.object?.metadata?.labels)) {
    refuse(ctx, `node "${node}" cannot update labels through pod status`);
  }
  const claims = (of: AnyObject | Pod | undefined) =>
    JSON.stringify((of as Pod | undefined)?.status?.resourceClaimStatuses ?? []);
  if (claims(old) !== claims(ctx.object)) {
    refuse(ctx, `node "${node}" cannot update resource claim statuses`);
  }
}

function checkEviction(ctx: AdmissionContext, node: string, read: ObjectReader): void {
  const pod = read.get<Pod>(pods, ctx.name, ctx.namespace);
  if (pod && pod.spec?.nodeName !== node) {
    refuse(ctx, `node ${node} can only evict pods with spec.nodeName set to itself`);
  }
}

function checkNode(ctx: AdmissionContext, node: string): void {
  const name = ctx.name || (ctx.object?.metadata?.name ?? '');
  if (name !== node) refuse(ctx, `node "${node}" is not allowed to modify node "${name}"`);
  const next = ctx.object as Node | undefined;
  const old = ctx.oldObject as Node | undefined;
  const forbiddenLabels = changedKeys(old?.metadata.labels, next?.metadata.labels).filter(isForbiddenLabel);
  if (ctx.operation === 'CREATE' && forbiddenLabels.length > 0) {
    refuse(
      ctx,
      `node "${node}" is not allowed to set the following labels: ${forbiddenLabels.sort().join(', ')}`,
    );
  }
  if (ctx.operation !== 'UPDATE' || !next || !old) return;
  const [before = [], after = []] = [taintsKept(ctx, next, old), next.spec?.taints];
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    refuse(ctx, `node "${node}" is not allowed to modify taints`);
  }
  const owners = (of: Node) => JSON.stringify(of.metadata.ownerReferences ?? []);
  if (owners(old) !== owners(next)) refuse(ctx, `node "${node}" is not allowed to modify ownerReferences`);
  if (forbiddenLabels.length > 0) {
    refuse(ctx, `node "${node}" is not allowed to modify labels: ${forbiddenLabels.sort().join(', ')}`);
  }
}

/** With the report that it is back the server itself takes those of the cut away. */
function taintsKept({ subresource }: AdmissionContext, next: Node, old: Node) {
  return subresource === 'status' ? taintsOfReturn({ ...next, spec: old.spec ?? {} }, old) : old.spec?.taints;
}

/** A node gets tokens only for pods it runs, bound to them. */
async function checkToken(ctx: AdmissionContext, node: string, parts: Parts): Promise<void> {
  const { read } = parts;
  const spec = ctx.object?.['spec'] as { boundObjectRef?: { kind?: string; name?: string; uid?: string } };
  const bound = spec?.boundObjectRef;
  if (bound?.kind !== 'Pod' || !bound.name) refuse(ctx, 'node requested token not bound to a pod');
  if (!bound.uid) refuse(ctx, 'node requested token with a pod binding without a uid');
  const pod = read.get<Pod>(pods, bound.name, ctx.namespace);
  if (pod?.metadata.uid !== bound.uid) {
    refuse(
      ctx,
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record (${pod?.metadata.uid ?? ''})`,
    );
  }
  if (pod.spec?.nodeName !== node) {
    refuse(ctx, 'node requested token bound to a pod scheduled on a different node');
  }
  await checkAudience(ctx, pod, parts);
}

/** A token for somebody else is given to who runs a pod that mounts one for them, or to who may ask for that audience. */
async function checkAudience(ctx: AdmissionContext, pod: Pod, { read, authorizer }: Parts): Promise<void> {
  const { audiences = [] } = (ctx.object?.['spec'] ?? {}) as { audiences?: readonly string[] };
  if (audiences.length > 1) refuse(ctx, 'node may only request 0 or 1 audiences');
  const audience = audiences[0] ?? '';
  if (mountedAudiences(pod, read).has(audience)) return;
  const { allowed } = await authorizer.authorize({
    user: ctx.user,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    version: 'v1',
    resource: audience,
    namespace: ctx.namespace,
    name: ctx.name,
  });
  if (allowed) return;
  refuse(
    ctx,
    `audience ${JSON.stringify(audience)} not found in pod spec volume, ${ctx.user.name} is not authorized to request tokens for this audience`,
  );
}

function checkNamesake(ctx: AdmissionContext, node: string): void {
  const name = ctx.name || (ctx.object?.metadata?.name ?? '');
  if (name !== node) refuse(ctx, `can only access ${ctx.resource} with the same name as the requesting node`);
  if (ctx.resource === 'leases' && ctx.namespace !== 'kube-node-lease') {
    refuse(ctx, 'can only access leases in the "kube-node-lease" system namespace');
  }
}

function checkSlice(ctx: AdmissionContext, node: string): void {
  const nodeOf = (object: AnyObject | undefined) =>
    (object?.['spec'] as { nodeName?: string } | undefined)?.nodeName;
  const seen = ctx.object ?? ctx.oldObject;
  if (nodeOf(seen) !== node) refuse(ctx, `node "${node}" can only write ResourceSlices of itself`);
}

function isForbiddenLabel(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  if (within(domain, restrictedDomain)) return true;
  if (!within(domain, 'kubernetes.io') && !within(domain, 'k8s.io')) return false;
  return !allowedLabels.has(key) && !allowedDomains.some((allowed) => within(domain, allowed));
}

function within(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}

function changedKeys(
  old: Readonly<Record<string, string>> = {},
  next: Readonly<Record<string, string>> = {},
): string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].filter((key) => old[key] !== next[key]);
}

function sameMap(old?: Readonly<Record<string, string>>, next?: Readonly<Record<string, string>>): boolean {
  return changedKeys(old, next).length === 0;
}
