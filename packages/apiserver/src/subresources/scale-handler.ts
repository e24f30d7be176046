import { badRequest, type AnyObject, type KindInfo, type SchemaSet } from '@skerry/api';
import { answerObject, encodersFor, negotiate } from '@skerry/serving';
import type { Clock } from '@skerry/base';
import type { SubresourceHandler } from '#dispatcher.ts';
import { sendAnswer } from '#http/answers.ts';
import { readBody } from '#http/exchange.ts';
import { bodyBytesMax, mediaTypeOf, readJson } from '#http/request-body.ts';
import { decodePatch, patched } from '#registry/patch.ts';
import { metadataOf, type Registry } from '#registry/registry.ts';
import { writeOptionsOf } from '#registry/request-options.ts';
import { updateObject } from '#registry/update.ts';
import { methodNotAllowed, sendWarnings, targetOf } from '#resource-handler.ts';
import { builtinScalePaths, scaleInto, scaleOf, type ScalePaths } from '#subresources/scale.ts';

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
      format: 'name',
      priority: 0,
      cell: (object) => metadataOf(object).name ?? '',
    },
    { name: 'Desired', type: 'integer', priority: 0, cell: (object) => replicasOf(object.spec) },
    { name: 'Available', type: 'integer', priority: 0, cell: (object) => replicasOf(object.status) },
  ],
  selectableFields: [],
  strategy: {},
};

function replicasOf(part: unknown): number {
  return (part as { replicas?: number } | undefined)?.replicas ?? 0;
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
  const encoders = encodersFor(scaleKind, { clock: parts.clock });
  return async ({ info, served, user }, exchange) => {
    const paths = parts.pathsOf(info.group, info.resource) ?? builtinScalePaths;
    const encoder = negotiate(exchange.headers['accept'], encoders);
    const target = targetOf(info, served);
    if (info.verb === 'get') {
      const { object } = await registry.get(served, target);
      await sendAnswer(exchange, answerObject(encoder, scaleOf(object, paths)));
      return;
    }
    if (info.verb !== 'update' && info.verb !== 'patch') throw methodNotAllowed();
    const optionsKind = info.verb === 'update' ? 'UpdateOptions' : 'PatchOptions';
    const write = writeOptionsOf(exchange, user, { subresource: 'scale', optionsKind });
    const change = info.verb === 'update' ? await replacement(exchange) : await patch(exchange);
    const updated = await updateObject(
      registry,
      served,
      target,
      {
        part: 'whole',
        transform(object) {
          const scale = change(scaleOf(object, paths));
          // A patch starts from the Scale as it is; its revision is then no precondition.
          if (info.verb === 'patch') delete metadataOf(scale).resourceVersion;
          return scaleInto(served, object, scale, paths);
        },
      },
      write,
    );
    sendWarnings(exchange, write.warnings);
    await sendAnswer(exchange, answerObject(encoder, scaleOf(updated, paths)));
  };

  async function replacement(exchange: Parameters<SubresourceHandler>[1]) {
    const body = await readJson(exchange);
    if (typeof body !== 'object' || body === null) throw badRequest('the request body is no Scale');
    return () => structuredClone(body as AnyObject);
  }

  async function patch(exchange: Parameters<SubresourceHandler>[1]) {
    const mediaType = mediaTypeOf(exchange);
    const request = decodePatch(mediaType, await readBody(exchange, bodyBytesMax), {
      custom: false,
      force: false,
    });
    return (scale: AnyObject): AnyObject =>
      request.type === 'apply'
        ? (request.patch as AnyObject)
        : patched({ info: scaleKind, schemas: parts.schemas }, scale, request);
  }
}
