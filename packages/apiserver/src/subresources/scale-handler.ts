import { ageColumn, badRequest, type AnyObject, type KindInfo, type SchemaSet } from '@skerry/api';
import { answerObject, encodersFor, negotiate } from '@skerry/serving';
import type { Clock } from '@skerry/base';
import type { SubresourceHandler } from '#dispatcher.ts';
import { sendAnswer } from '#http/answers.ts';
import { readBody, type Exchange } from '#http/exchange.ts';
import { bodyBytesMax, mediaTypeOf, readJson } from '#http/request-body.ts';
import { applied } from '#registry/field-ownership.ts';
import type { Served } from '#registry/kind-table.ts';
import { decodePatch, patched, requireManager, type PatchRequest } from '#registry/patch.ts';
import { metadataOf, type Registry } from '#registry/registry.ts';
import { writeOptionsOf } from '#registry/request-options.ts';
import { updateObject } from '#registry/update.ts';
import type { WriteOptions } from '#registry/write-options.ts';
import { isTrue } from '#request-info.ts';
import { methodNotAllowed, targetOf, type ResourceCall } from '#resource-handler.ts';
import {
  builtinScalePaths,
  scaleInto,
  scaleOf,
  setReplicas,
  shownScale,
  type ScalePaths,
} from '#subresources/scale.ts';

const scaleKind: KindInfo = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  resource: 'scales',
  singular: 'scale',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: [],
  subresources: [],
  hasGeneration: false,
  schema: 'io.k8s.api.autoscaling.v1.Scale',
  columns: [
    {
      name: 'Name',
      type: 'string',
      priority: 0,
      cell: (object) => metadataOf(object).name ?? '',
    },
    { name: 'Desired', type: 'integer', priority: 0, cell: (object) => replicasOf(object.spec) },
    { name: 'Available', type: 'integer', priority: 0, cell: (object) => replicasOf(object.status) },
    { ...ageColumn, type: 'string' },
  ],
  selectableFields: [],
  strategy: {},
};

function replicasOf(part: unknown): number {
  return (part as { replicas?: number } | undefined)?.replicas ?? 0;
}

/** How a request changes the object whose scale it names. */
interface Change {
  readonly into: (object: AnyObject) => AnyObject;
  /** An apply reckons itself what its manager owns. */
  readonly ownershipDone: boolean;
}

/** GET, PUT and PATCH of `scale`: the same three numbers for every kind that has replicas. */
export function scaleHandler(
  registry: Registry,
  parts: {
    schemas: SchemaSet;
    clock: Clock;
    pathsOf(group: string, resource: string): ScalePaths | undefined;
  },
): SubresourceHandler {
  const encoders = encodersFor(scaleKind, { clock: parts.clock, protobuf: true });
  return async (call, exchange) => {
    const { info, served, user } = call;
    const paths = parts.pathsOf(info.group, info.resource) ?? builtinScalePaths;
    const encoder = negotiate(exchange.headers['accept'], encoders);
    const target = targetOf(info, served);
    if (info.verb === 'get') {
      const { object } = await registry.get(served, target);
      await sendAnswer(exchange, answerObject(encoder, shownScale(served, object, paths)));
      return;
    }
    if (info.verb !== 'update' && info.verb !== 'patch') throw methodNotAllowed();
    const optionsKind = info.verb === 'update' ? 'UpdateOptions' : 'PatchOptions';
    const write = writeOptionsOf(exchange, user, { subresource: 'scale', optionsKind });
    const { into, ownershipDone } =
      info.verb === 'update'
        ? await replacement(served, paths, exchange)
        : await patch(call, paths, exchange, write);
    const update = {
      part: 'whole',
      transform: into,
      ownershipDone,
      body: {
        of: (object: AnyObject) => scaleOf(object, paths),
        into: (object: AnyObject, scale: AnyObject) => setReplicas(served, object, scale, paths),
      },
    } as const;
    const updated = await updateObject(registry, served, target, update, write);
    await sendAnswer(exchange, answerObject(encoder, scaleOf(updated, paths)));
  };

  async function replacement(served: Served, paths: ScalePaths, exchange: Exchange): Promise<Change> {
    const body = await readJson(exchange);
    if (typeof body !== 'object' || body === null) throw badRequest('the request body is no Scale');
    return {
      into(object) {
        if (!metadataOf(body as AnyObject).name) {
          const { name } = metadataOf(object);
          throw badRequest(
            `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
          );
        }
        return scaleInto(served, object, structuredClone(body as AnyObject), paths);
      },
      ownershipDone: false,
    };
  }

  async function patch(
    { served }: ResourceCall,
    paths: ScalePaths,
    exchange: Exchange,
    write: WriteOptions,
  ): Promise<Change> {
    const force = isTrue(exchange.query.get('force'));
    const bytes = await readBody(exchange, bodyBytesMax);
    const request = await decodePatch(mediaTypeOf(exchange), bytes, {
      custom: served.custom,
      force,
      audit: exchange.audit,
    });
    if (request.type === 'apply') return applying(served, paths, request, write, exchange);
    return {
      into(object) {
        const scale = patched({ info: scaleKind, schemas: parts.schemas }, scaleOf(object, paths), request);
        // A patch starts from the Scale as it is; its revision is then no precondition.
        delete metadataOf(scale).resourceVersion;
        return scaleInto(served, object, scale, paths);
      },
      ownershipDone: false,
    };
  }

  /** An applied Scale is an applied configuration of the object with nothing but its replicas. */
  function applying(
    served: Served,
    paths: ScalePaths,
    { patch: scale, force }: PatchRequest,
    { fieldManager, subresource }: WriteOptions,
    exchange: Exchange,
  ): Change {
    requireManager(exchange);
    if (typeof scale !== 'object' || scale === null) throw badRequest('the request body is no Scale');
    return {
      into(object) {
        const { group, version, kind } = served.info;
        const { name, namespace } = metadataOf(object);
        const bare: AnyObject = {
          apiVersion: group ? `${group}/${version}` : version,
          kind,
          metadata: { name, namespace },
        };
        const wish = scaleInto(served, bare, structuredClone(scale as AnyObject), paths);
        const ownership = { manager: fieldManager ?? '', time: registry.timestamp(), subresource, force };
        const next = applied(served, object, wish, ownership);
        if (!metadataOf(wish).resourceVersion) delete metadataOf(next).resourceVersion;
        return next;
      },
      ownershipDone: true,
    };
  }
}
