import {
  ageText,
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
import { describeError, shortBytes, type Clock } from '@skerry/base';
import { answerObject, encodersFor, negotiate } from '@skerry/serving';
import type { VirtualHandler } from '#dispatcher.ts';
import { sendAnswer, sendJson } from '#http/answers.ts';
import { sendComputedList } from '#http/computed-list.ts';
import type { Exchange } from '#http/exchange.ts';
import { readJson } from '#http/request-body.ts';
import type { NodeLinkFacts, NodeLinks } from '#ports.ts';
import type { ObjectReader } from '#security.ts';

const group = 'link.skerry.io';
const version = 'v1alpha1';
const apiVersion = `${group}/${version}`;
const resource = 'nodelinks';

/** A drill is for at most a day, and ended with 0 seconds. */
const drillSecondsMax = 86_400;

/**
 * `nodelinks`: what the link of each node is and has cost, as it is now. Numbers change with every packet, so they are read
 * where they are counted and kept nowhere: nothing is written for them. `nodelinks/drill` cuts a link on purpose.
 */
export const linkKinds: readonly KindInfo[] = [
  {
    group,
    version,
    kind: 'NodeLink',
    resource,
    singular: 'nodelink',
    shortNames: ['nl'],
    categories: [],
    namespaced: false,
    verbs: ['get', 'list'],
    subresources: [{ name: 'drill', verbs: ['create'], body: { group, version, kind: 'LinkDrill' } }],
    hasGeneration: false,
    schema: 'io.skerry.link.v1alpha1.NodeLink',
    columns: [
      column('Name', ({ metadata }) => metadata?.name ?? '', { format: 'name' }),
      column('State', (link) => statusOf(link).state),
      column('Since', (link, nowMs) => ageText(statusOf(link).since, nowMs), { type: 'date' }),
      column('RTT', (link) => {
        const { roundTripMs } = statusOf(link);
        return roundTripMs === undefined ? '<none>' : `${roundTripMs}ms`;
      }),
      column('Reconnects', (link) => statusOf(link).reconnects, { type: 'integer' }),
      column('Sent today', (link) => shortBytes(statusOf(link).today.sentBytes)),
      column('Received today', (link) => shortBytes(statusOf(link).today.receivedBytes)),
    ],
    selectableFields: [],
    strategy: {},
  },
];

const count: Schema = { type: 'integer', format: 'int64' };
const time: Schema = { type: 'string', format: 'date-time' };
const bytes: Schema = { type: 'object', properties: { sentBytes: count, receivedBytes: count } };

export const linkSchemas: SchemaSet = {
  schemas: {
    ...builtinSchemas.schemas,
    'io.skerry.link.v1alpha1.NodeLink': {
      type: 'object',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
        status: {
          type: 'object',
          properties: {
            state: { type: 'string' },
            since: time,
            roundTripMs: { type: 'number' },
            reconnects: count,
            countingSince: time,
            purposes: { type: 'object', additionalProperties: bytes },
            today: bytes,
          },
        },
      },
    },
  },
};

interface Parts {
  readonly read: ObjectReader;
  readonly clock: Clock;
  readonly links: NodeLinks;
}

export function linkHandlers(parts: Parts): [string, VirtualHandler][] {
  const [info] = linkKinds;
  const encoders = encodersFor(info!, { clock: parts.clock });
  const handler: VirtualHandler = async ({ info: asked }, exchange) => {
    if (asked.subresource === 'drill') return drill(parts, asked.name, exchange);
    const shape = asked.named ? 'object' : 'list';
    const encoder = negotiate(exchange.headers['accept'], encoders, { shape });
    if (asked.named) {
      const facts = parts.links.get(asked.name);
      if (!facts) throw notFound({ group, resource }, asked.name);
      return sendAnswer(exchange, answerObject(encoder, linkObject(parts.read, facts)));
    }
    const facts = parts.links.list().sort((a, b) => (a.node < b.node ? -1 : 1));
    return sendComputedList(
      exchange,
      encoder,
      facts.map((each) => linkObject(parts.read, each)),
    );
  };
  return [[`${group}/${resource}`, handler]];
}

/** Begins a drill, or says that it goes on; 0 seconds end it. */
async function drill({ links, read }: Parts, node: string, exchange: Exchange): Promise<void> {
  const seconds = secondsOf(await readJson(exchange));
  if (!read.get({ group: '', resource: 'nodes' }, node))
    throw notFound({ group: '', resource: 'nodes' }, node);
  if (seconds === 0) {
    links.endDrill(node);
  } else {
    try {
      await links.drill(node, { seconds });
    } catch (error) {
      throw new ApiError('Conflict', `no drill on node ${node}: ${describeError(error)}`, { cause: error });
    }
  }
  sendJson(exchange, 201, { kind: 'LinkDrill', apiVersion, metadata: { name: node }, spec: { seconds } });
}

function secondsOf(body: unknown): number {
  const spec: unknown = typeof body === 'object' && body !== null && 'spec' in body ? body.spec : undefined;
  const seconds = typeof spec === 'object' && spec !== null && 'seconds' in spec ? spec.seconds : undefined;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0 || seconds > drillSecondsMax)
    throw new ApiError('BadRequest', `spec.seconds must be a whole number from 0 to ${drillSecondsMax}`);
  return seconds;
}

function linkObject(read: ObjectReader, facts: NodeLinkFacts): AnyObject {
  const node = read.get({ group: '', resource: 'nodes' }, facts.node);
  const { roundTripMs } = facts;
  return {
    kind: 'NodeLink',
    apiVersion,
    metadata: {
      name: facts.node,
      creationTimestamp: timeText(facts.countingSinceMs),
      ...(node?.metadata?.labels ? { labels: node.metadata.labels } : {}),
    },
    status: {
      state: { linked: 'Linked', cut: 'Cut', drill: 'Drill' }[facts.state],
      since: timeText(facts.sinceMs),
      ...(roundTripMs === undefined ? {} : { roundTripMs: Math.round(roundTripMs * 10) / 10 }),
      reconnects: facts.reconnects,
      countingSince: timeText(facts.countingSinceMs),
      purposes: facts.purposes,
      today: facts.today,
    } satisfies LinkStatus,
  };
}

interface LinkStatus {
  readonly state: string;
  readonly since: string;
  readonly roundTripMs?: number;
  readonly reconnects: number;
  readonly countingSince: string;
  readonly purposes: NodeLinkFacts['purposes'];
  readonly today: NodeLinkFacts['today'];
}

/** Of an object that was made here. */
function statusOf(link: AnyObject): LinkStatus {
  return link['status'] as LinkStatus;
}

function column(
  name: string,
  cell: ColumnInfo['cell'],
  { type = 'string', format }: Partial<Pick<ColumnInfo, 'type' | 'format'>> = {},
): ColumnInfo {
  return { name, type, priority: 0, cell, ...(format ? { format } : {}) };
}
