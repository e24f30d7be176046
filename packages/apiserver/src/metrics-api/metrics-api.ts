import {
  ApiError,
  builtinSchemas,
  notFound,
  type AnyObject,
  type ColumnInfo,
  type KindInfo,
  type Schema,
  type SchemaSet,
  timeText,
} from '@skerry/api';
import type { Clock } from '@skerry/base';
import { answerObject, encodersFor, negotiate } from '@skerry/serving';
import type { VirtualHandler } from '#dispatcher.ts';
import { sendAnswer } from '#http/answers.ts';
import { sendComputedList } from '#http/computed-list.ts';
import type { MetricsSource, NodeUsage, PodUsage } from '#metrics-api/metrics-source.ts';
import type { ResourceRequest } from '#request-info.ts';
import type { ObjectReader } from '#security.ts';

const windowText = '10s';

/** metrics.k8s.io as `kubectl top` and autoscalers read it: numbers of now, nothing kept. */
export const metricsKinds: readonly KindInfo[] = [
  kind('NodeMetrics', 'nodes', false, [
    quantityColumn('cpu', (object) => usageCell(object, 'cpu')),
    quantityColumn('memory', (object) => usageCell(object, 'memory')),
  ]),
  kind('PodMetrics', 'pods', true, [
    quantityColumn('cpu', (object) => sumCell(object, 'cpu')),
    quantityColumn('memory', (object) => sumCell(object, 'memory')),
  ]),
];

const quantity: Schema = { type: 'string', intOrString: true, format: 'quantity' };
const meta: Schema = { ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' };
const usageSchema: Schema = { type: 'object', additionalProperties: quantity };
const measured = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: meta,
  timestamp: { type: 'string', format: 'date-time' },
  window: { type: 'string' },
} as const;

/** What the kinds' documents look like. */
export const metricsSchemas: SchemaSet = {
  schemas: {
    ...builtinSchemas.schemas,
    'io.k8s.metrics.v1beta1.NodeMetrics': { type: 'object', properties: { ...measured, usage: usageSchema } },
    'io.k8s.metrics.v1beta1.PodMetrics': {
      type: 'object',
      properties: {
        ...measured,
        containers: {
          type: 'array',
          items: { type: 'object', properties: { name: { type: 'string' }, usage: usageSchema } },
        },
      },
    },
  },
};

export function metricsHandlers(parts: {
  read: ObjectReader;
  clock: Clock;
  source(): MetricsSource | undefined;
}): Map<string, VirtualHandler> {
  return new Map(
    metricsKinds.map((info): [string, VirtualHandler] => {
      const encoders = encodersFor(info, { clock: parts.clock });
      return [
        `${info.group}/${info.resource}`,
        async ({ info: asked }, exchange) => {
          const shape = asked.named ? 'object' : 'list';
          const encoder = negotiate(exchange.headers['accept'], encoders, { shape });
          const source = parts.source();
          if (!source)
            throw new ApiError('ServiceUnavailable', 'this server has no way to ask nodes for metrics');
          const objects = await (info.resource === 'nodes'
            ? nodeMetrics(parts.read, source, asked)
            : podMetrics(parts.read, source, asked));
          if (asked.named) {
            const [object] = objects;
            if (!object)
              throw notFound(info, asked.namespace ? `${asked.namespace}/${asked.name}` : asked.name);
            await sendAnswer(exchange, answerObject(encoder, object));
            return;
          }
          await sendComputedList(exchange, encoder, objects);
        },
      ];
    }),
  );
}

async function nodeMetrics(
  read: ObjectReader,
  source: MetricsSource,
  asked: ResourceRequest,
): Promise<AnyObject[]> {
  const { nodes } = await source.read(asked.name ? [asked.name] : undefined);
  return nodes.map((usage) => nodeObject(usage, read.get({ group: '', resource: 'nodes' }, usage.node)));
}

async function podMetrics(
  read: ObjectReader,
  source: MetricsSource,
  asked: ResourceRequest,
): Promise<AnyObject[]> {
  const podsRef = { group: '', resource: 'pods' };
  const wanted = asked.name
    ? [read.get(podsRef, asked.name, asked.namespace)]
    : read.list(podsRef, asked.namespace || undefined);
  const byKey = new Map(wanted.flatMap((pod) => (pod ? [[keyOf(pod), pod] as const] : [])));
  const nodes = new Set(
    [...byKey.values()].map((pod) => (pod.spec as { nodeName?: string } | undefined)?.nodeName ?? ''),
  );
  const { pods } = await source.read([...nodes].filter(Boolean));
  return pods.flatMap((usage) => {
    const pod = byKey.get(`${usage.namespace}/${usage.name}`);
    return pod ? [podObject(usage, pod)] : [];
  });
}

function keyOf({ metadata }: AnyObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function nodeObject(usage: NodeUsage, node: AnyObject | undefined): AnyObject {
  return {
    kind: 'NodeMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name: usage.node,
      creationTimestamp: timeText(usage.measuredMs),
      ...(node?.metadata?.labels ? { labels: node.metadata.labels } : {}),
    },
    timestamp: timeText(usage.measuredMs),
    window: windowText,
    usage: usageDocument(usage),
  };
}

function podObject(usage: PodUsage, pod: AnyObject): AnyObject {
  return {
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name: usage.name,
      namespace: usage.namespace,
      creationTimestamp: timeText(usage.measuredMs),
      ...(pod.metadata?.labels ? { labels: pod.metadata.labels } : {}),
    },
    timestamp: timeText(usage.measuredMs),
    window: windowText,
    containers: usage.containers.map((container) => ({
      name: container.name,
      usage: usageDocument(container),
    })),
  };
}

function usageDocument({ cpuNanoCores, memoryBytes }: { cpuNanoCores: number; memoryBytes: number }) {
  return { cpu: `${Math.round(cpuNanoCores)}n`, memory: `${Math.ceil(memoryBytes / 1024)}Ki` };
}

function kind(name: string, resource: string, namespaced: boolean, columns: readonly ColumnInfo[]): KindInfo {
  return {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    kind: name,
    resource,
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ['get', 'list'],
    subresources: [],
    hasGeneration: false,
    schema: `io.k8s.metrics.v1beta1.${name}`,
    columns: [
      {
        name: 'Name',
        type: 'string',
        format: 'name',
        priority: 0,
        cell: (object) => object.metadata?.name ?? '',
      },
      ...columns,
      { name: 'Window', type: 'string', priority: 0, cell: () => windowText },
    ],
    selectableFields: [],
    strategy: {},
  };
}

function quantityColumn(name: string, cell: (object: AnyObject) => string): ColumnInfo {
  return { name, type: 'string', format: 'quantity', priority: 0, cell };
}

function usageCell(object: AnyObject, resource: 'cpu' | 'memory'): string {
  return (object.usage as Record<string, string> | undefined)?.[resource] ?? '';
}

function sumCell(object: AnyObject, resource: 'cpu' | 'memory'): string {
  const containers = (object.containers ?? []) as { usage: Record<string, string> }[];
  const sum = containers.reduce((total, { usage }) => total + Number.parseInt(usage[resource] ?? '0', 10), 0);
  return `${sum}${resource === 'cpu' ? 'n' : 'Ki'}`;
}
