import type { Case } from '../case.ts';
import { collectionOf, createStep, forEveryKind, nameOf, pathOf } from './kind-cases.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const partialList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const protobuf = 'application/vnd.kubernetes.protobuf';

export const readingCases: readonly Case[] = [
  ...forEveryKind('create', 'the least', (kind) => [createStep(kind, 'minimal'), { path: pathOf(kind) }]),
  ...forEveryKind('create', 'the most', (kind) => [createStep(kind, 'full'), { path: pathOf(kind, 'b') }]),
  ...forEveryKind('create', 'again', (kind) => [
    createStep(kind, 'minimal', { onlyCode: true }),
    createStep(kind, 'minimal'),
  ]),
  ...forEveryKind('table', 'one and several', (kind) => {
    const one = `fieldSelector=metadata.name=${nameOf(kind)}`;
    return [
      createStep(kind, 'minimal', { onlyCode: true }),
      createStep(kind, 'full', { onlyCode: true }),
      ...(kind.status
        ? [
            {
              method: 'PATCH',
              path: `${pathOf(kind, 'b')}/status`,
              type: 'application/merge-patch+json',
              body: { status: kind.status },
              onlyCode: true,
            },
          ]
        : []),
      { path: pathOf(kind), accept: table },
      { path: `${pathOf(kind, 'b')}?includeObject=None`, accept: table },
      { path: `${collectionOf(kind)}?${one}`, accept: `${table},application/json` },
      { path: pathOf(kind, 'b'), accept: partial },
      { path: `${collectionOf(kind)}?${one}`, accept: partialList },
    ];
  }),
  ...forEveryKind('protobuf', 'there and back', (kind) => [
    createStep(kind, 'full', { protobuf: true, accept: 'application/json' }),
    { path: pathOf(kind, 'b'), accept: protobuf },
    { path: `${collectionOf(kind)}?fieldSelector=metadata.name=${nameOf(kind, 'b')}`, accept: protobuf },
  ]),
  ...forEveryKind('list', 'one by name', (kind) => [
    createStep(kind, 'minimal', { onlyCode: true }),
    { path: `${collectionOf(kind)}?fieldSelector=metadata.name=${nameOf(kind)}` },
    { path: `${collectionOf(kind)}?fieldSelector=no.such=field` },
    { path: `${collectionOf(kind)}/no-such-name` },
  ]),
];
