/**
 * What a claim of devices takes besides the right to write it: access for administrators, a label on the namespace; to bind
 * it, and to report on its devices, rights of their own on parts of claims that are no resources.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
import {
  equalJson,
  type AnyObject,
  type FieldError,
  forbiddenField,
  invalid,
  type AllocatedDeviceStatus,
  type Namespace,
  type ResourceClaim,
  type ResourceClaimStatus,
  type ResourceClaimTemplate,
} from '@skerry/api';
import { type AdmissionPlugin, isAbout } from '#admission/plugin.ts';
import { forbiddenRequest } from '#authz/forbidden-request.ts';
import type {
  AdmissionContext,
  AuthorizationAttributes,
  Authorizer,
  ObjectReader,
  UserInfo,
} from '#security.ts';

const group = 'resource.k8s.io';
const claims = { group, resource: 'resourceclaims' };
const claimStatus = { ...claims, subresource: 'status' };
const templates = { group, resource: 'resourceclaimtemplates' };
const adminLabel = 'resource.kubernetes.io/admin-access';

export function resourceClaims(parts: {
  readonly read: ObjectReader;
  readonly authorizer: Authorizer;
}): AdmissionPlugin {
  const { read, authorizer } = parts;

  function adminFaults(namespace: string, path: string | undefined): FieldError[] {
    if (path === undefined) return [];
    const found = read.get<Namespace>({ group: '', resource: 'namespaces' }, namespace);
    if (found?.metadata.labels?.[adminLabel] === 'true') return [];
    const why = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`;
    return [forbiddenField(path, why)];
  }

  async function refusal(attributes: AuthorizationAttributes): Promise<string | undefined> {
    const { allowed, reason } = await authorizer.authorize(attributes);
    return allowed ? undefined : forbiddenRequest(attributes, reason).message;
  }

  async function bindingFaults(ctx: AdmissionContext, next: Status, old: Status): Promise<FieldError[]> {
    const same =
      equalJson(next.allocation, old.allocation) && equalJson(next.reservedFor ?? [], old.reservedFor ?? []);
    if (same) return [];
    const verb = verbOf(ctx);
    const why = await refusal({ ...asked(ctx, verb), subresource: 'binding' });
    if (why === undefined) return [];
    const what = 'changing status.allocation or status.reservedFor';
    return [
      forbiddenField(
        'status.allocation',
        `${what} requires resource="resourceclaims/binding", verb="${verb}" permission: ${why}`,
      ),
    ];
  }

  async function deviceFaults(ctx: AdmissionContext, next: Status, old: Status): Promise<FieldError[]> {
    if (!next.allocation) return [];
    const verb = verbOf(ctx);
    const verbs = [`arbitrary-node:${verb}`];
    if (isOnNode(ctx.user, nodeOf(next))) verbs.unshift(`associated-node:${verb}`);
    const faults: FieldError[] = [];
    for (const driver of changedDrivers(next, old)) {
      const whys: string[] = [];
      for (const each of verbs) {
        const { namespace } = ctx;
        const why = await refusal({ ...asked(ctx, each), subresource: 'driver', namespace, name: driver });
        if (why === undefined) break;
        whys.push(why);
      }
      if (whys.length < verbs.length) continue;
      faults.push(
        forbiddenField(
          'status.devices',
          `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission: ${whys[0]}`,
        ),
      );
    }
    return faults;
  }

  return {
    name: 'ResourceClaims',
    async validate(ctx) {
      const faults = [];
      if (ctx.operation === 'CREATE' && (isAbout(ctx, claims) || isAbout(ctx, templates)))
        faults.push(...adminFaults(ctx.namespace, askedByAdmin(ctx)));
      else if (ctx.operation === 'UPDATE' && isAbout(ctx, claimStatus)) {
        const [next, old] = [statusOf(ctx.object), statusOf(ctx.oldObject)];
        if (grantedToAdmin(old) === undefined)
          faults.push(...adminFaults(ctx.namespace, grantedToAdmin(next)));
        faults.push(...(await bindingFaults(ctx, next, old)), ...(await deviceFaults(ctx, next, old)));
      }
      if (faults.length > 0) throw invalid(ctx.kind, ctx.name, faults);
    },
  };
}

type Status = ResourceClaimStatus;

function statusOf(object: AnyObject | undefined): Status {
  return (object as ResourceClaim | undefined)?.status ?? {};
}

function verbOf({ options }: AdmissionContext): 'patch' | 'update' {
  return options['kind'] === 'PatchOptions' ? 'patch' : 'update';
}

/** Of all claims of the cluster, unless told. */
function asked({ user, kind }: AdmissionContext, verb: string): AuthorizationAttributes {
  return { user, verb, group, version: kind.version, resource: claims.resource };
}

/** Where the first request is that wants access for administrators. */
function askedByAdmin({ object, resource }: AdmissionContext): string | undefined {
  const spec =
    resource === templates.resource
      ? (object as unknown as ResourceClaimTemplate).spec?.spec
      : (object as unknown as ResourceClaim).spec;
  const index = (spec?.devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess);
  return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`;
}

function grantedToAdmin({ allocation }: Status): string | undefined {
  const index = (allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess);
  return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`;
}

function changedDrivers(next: Status, old: Status): string[] {
  const keyOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus) =>
    JSON.stringify([driver, pool, device, shareID]);
  const before = new Map((old.devices ?? []).map((device) => [keyOf(device), device]));
  const drivers = new Set<string>();
  for (const device of next.devices ?? []) {
    if (!equalJson(before.get(keyOf(device)), device)) drivers.add(device.driver);
    before.delete(keyOf(device));
  }
  for (const { driver } of before.values()) drivers.add(driver);
  return [...drivers].sort();
}

/** The one node that an allocation is for. */
function nodeOf({ allocation }: Status): string | undefined {
  const [term, ...others] = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [field, ...more] = term?.matchFields ?? [];
  const isOne = others.length === 0 && more.length === 0 && !term?.matchExpressions?.length;
  if (!isOne || field?.key !== 'metadata.name' || field.operator !== 'In') return undefined;
  return field.values?.length === 1 ? field.values[0] : undefined;
}

/** Whether the user is a ServiceAccount of a pod on the node. */
function isOnNode({ name, extra }: UserInfo, node: string | undefined): boolean {
  const nodes = extra?.['authentication.kubernetes.io/node-name'] ?? [];
  return (
    node !== undefined && name.startsWith('system:serviceaccount:') && nodes.length === 1 && nodes[0] === node
  );
}
