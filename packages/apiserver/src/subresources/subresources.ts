import { badRequest, type AnyObject, type SchemaSet, type Status } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { SubresourceHandler, VirtualHandler } from '#dispatcher.ts';
import { sendJson } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import { readDocument } from '#http/request-body.ts';
import { conform } from '#registry/conform.ts';
import type { KindTable, Served } from '#registry/kind-table.ts';
import { metadataOf, type Registry, type Target } from '#registry/registry.ts';
import { writeOptionsOf } from '#registry/request-options.ts';
import type { WriteOptions } from '#registry/write-options.ts';
import { methodNotAllowed, targetOf, type ResourceCall, type ResourceHandler } from '#resource-handler.ts';
import type { TokenIssuer } from '#security.ts';
import { bindPod } from '#subresources/binding.ts';
import { evictPod } from '#subresources/eviction.ts';
import { certificateParts } from '#subresources/certificate-parts.ts';
import { finalizeNamespace } from '#subresources/namespace-finalize.ts';
import { podPart } from '#subresources/pod-parts.ts';
import type { ScalePaths } from '#subresources/scale.ts';
import { scaleHandler } from '#subresources/scale-handler.ts';
import { partHandler } from '#subresources/status.ts';
import { requestToken } from '#subresources/token.ts';

export interface SubresourceParts {
  readonly kinds: KindTable;
  readonly schemas: SchemaSet;
  readonly clock: Clock;
  issuer(): TokenIssuer | undefined;
  /** Of kinds that say themselves where their replicas are. */
  scalePathsOf(group: string, resource: string): ScalePaths | undefined;
}

const success: Status = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
};

/** `POST …/bindings`, the older door to binding: the pod is named in the body. */
export function bindingHandler(registry: Registry, kinds: KindTable): VirtualHandler {
  return async ({ info, user }, exchange) => {
    const served = kinds.stored('', 'v1', 'pods');
    if (!served) throw badRequest('the request body is no Binding');
    const write = writeOptionsOf(exchange, user, { subresource: 'binding', optionsKind: 'CreateOptions' });
    const body = await readBinding(exchange, kinds, write);
    const target = { namespace: info.namespace, name: metadataOf(body).name ?? '' };
    await bindTo(registry, served, target, body, write);
    sendJson(exchange, 201, success);
  };
}

/** @throws ApiError BadRequest for what is no Binding. */
async function readBinding(exchange: Exchange, kinds: KindTable, write: WriteOptions): Promise<AnyObject> {
  const kind = kinds.virtual('', 'v1', 'bindings');
  if (!kind) throw badRequest('the request body is no Binding');
  const { value, faults, order } = await readDocument(exchange, kind.info.kind);
  return conform({ ...kind, custom: false }, value, {
    validation: write.fieldValidation,
    warnings: write.warnings,
    earlierFaults: faults,
    order,
  });
}

/** Kinds of bodies that have no resource of their own. */
const eviction = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  schema: 'io.k8s.api.policy.v1.Eviction',
  /** The version before, which says the same. */
  older: 'policy/v1beta1',
};
const tokenRequest = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  schema: 'io.k8s.api.authentication.v1.TokenRequest',
  older: undefined,
};

/** @throws ApiError BadRequest for what is no such kind. */
async function readOf(
  info: typeof eviction | typeof tokenRequest,
  exchange: Exchange,
  { schemas, write }: { readonly schemas: SchemaSet; readonly write: WriteOptions },
): Promise<AnyObject> {
  const { value, faults, order } = await readDocument(exchange, info.kind);
  const { apiVersion, kind } = (value ?? {}) as AnyObject;
  const isOlder = info.older !== undefined && apiVersion === info.older && kind === info.kind;
  const given = isOlder ? { ...(value as AnyObject), apiVersion: `${info.group}/${info.version}` } : value;
  return conform({ info, schemas, custom: false }, given, {
    validation: write.fieldValidation,
    warnings: write.warnings,
    earlierFaults: faults,
    order,
  });
}

function takeNamespace(body: AnyObject, target: Target): void {
  const meta = metadataOf(body);
  meta.namespace ||= target.namespace;
  if (meta.namespace !== target.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

async function bindTo(
  registry: Registry,
  served: Served,
  target: Target,
  body: AnyObject,
  write: WriteOptions,
): Promise<void> {
  takeNamespace(body, target);
  await admitBody(registry, served, target, body, write);
  await bindPod(registry, served, target, body, { ...write, admit: false });
}

/** Handlers of all subresources that are answered here, by `group/resource/name`. */
export function subresourceHandlers(
  registry: Registry,
  resources: ResourceHandler,
  parts: SubresourceParts,
): Map<string, SubresourceHandler> {
  return new Map<string, SubresourceHandler>([
    ['*/*/status', partHandler(resources, { part: 'status' })],
    [
      '*/*/scale',
      scaleHandler(registry, { ...parts, pathsOf: (group, resource) => parts.scalePathsOf(group, resource) }),
    ],
    ['/pods/binding', (call, exchange) => bind(call, exchange)],
    ['/pods/eviction', (call, exchange) => evict(call, exchange)],
    ['/pods/ephemeralcontainers', partHandler(resources, podPart('ephemeralcontainers'))],
    ['/pods/resize', partHandler(resources, podPart('resize'))],
    ['/namespaces/finalize', partHandler(resources, finalizeNamespace)],
    ['/serviceaccounts/token', (call, exchange) => token(call, exchange)],
    [
      'certificates.k8s.io/certificatesigningrequests/approval',
      partHandler(resources, certificateParts.approval),
    ],
    [
      'certificates.k8s.io/certificatesigningrequests/status',
      partHandler(resources, certificateParts.status),
    ],
  ]);

  async function bind({ info, served, user }: ResourceCall, exchange: Exchange): Promise<void> {
    if (info.verb !== 'create') throw methodNotAllowed();
    const write = writeOptionsOf(exchange, user, { subresource: 'binding', optionsKind: 'CreateOptions' });
    const body = await readBinding(exchange, parts.kinds, write);
    await bindTo(registry, served, targetOf(info, served), body, write);
    sendJson(exchange, 201, success);
  }

  async function evict({ info, served, user }: ResourceCall, exchange: Exchange): Promise<void> {
    if (info.verb !== 'create') throw methodNotAllowed();
    const write = writeOptionsOf(exchange, user, { subresource: 'eviction', optionsKind: 'CreateOptions' });
    const target = targetOf(info, served);
    const body = await readOf(eviction, exchange, { schemas: parts.schemas, write });
    takeNamespace(body, target);
    await admitBody(registry, served, target, body, write);
    await evictPod(registry, { kinds: parts.kinds, served }, target, body, { ...write, admit: false });
    sendJson(exchange, 201, success);
  }

  async function token({ info, served, user }: ResourceCall, exchange: Exchange): Promise<void> {
    if (info.verb !== 'create') throw methodNotAllowed();
    const write = writeOptionsOf(exchange, user, { subresource: 'token', optionsKind: 'CreateOptions' });
    const target = targetOf(info, served);
    const body = await readOf(tokenRequest, exchange, { schemas: parts.schemas, write });
    metadataOf(body).namespace ||= target.namespace;
    await admitBody(registry, served, target, body, write);
    const issued = await requestToken(
      registry,
      { kinds: parts.kinds, served, issuer: parts.issuer() },
      target,
      body,
    );
    sendJson(exchange, 201, issued);
  }
}

/** Admission of what is posted to a subresource: it sees that body, not the object that the body is about. */
async function admitBody(
  registry: Registry,
  served: Served,
  target: Target,
  body: AnyObject,
  write: WriteOptions,
): Promise<void> {
  const context = {
    operation: 'CREATE' as const,
    subresource: write.subresource,
    namespace: target.namespace,
    name: target.name,
    object: body,
    oldObject: undefined,
    user: write.user,
    dryRun: write.dryRun,
    options: write.options,
    warnings: write.warnings,
    auditAnnotations: write.auditAnnotations,
    signal: write.signal,
  };
  await registry.mutate(served, context, write);
  await registry.admit(served, context, write);
}
