/**
 * Elects the gateways of each crossing: machines of its pools that are Ready and have published a key. Who is one stays one
 * while it is Ready, so that nothing moves without need; places that come free go to others at once. Between the gateways of
 * a pool its machines choose by themselves, faster than the center could.
 */
import { gatewayKeyAnnotation, isApiError, type Crossing, type CrossingStatus, type Node } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { withCondition, writeStatus } from '#runtime/status.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';

const gatewaysPerPoolDefault = 2;

export function createCrossingController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const crossings = informers.informer<Crossing>(resources.crossings);
  const nodes = informers.informer<Node>(resources.nodes);
  nodes.addIndex('pool', (node) => [poolOf(node) ?? '']);
  crossings.addIndex('pool', ({ spec }) => spec.pools ?? []);
  const queue = createQueue(context);

  const ofCrossing = (crossing: Crossing) => queue.add(keyOf(crossing));
  crossings.addHandler({ onAdd: ofCrossing, onUpdate: ofCrossing });
  const ofNode = (node: Node) => crossings.byIndex('pool', poolOf(node) ?? '').forEach(ofCrossing);
  nodes.addHandler({
    onAdd: ofNode,
    onDelete: ofNode,
    onUpdate(node, old) {
      if (JSON.stringify(standingOf(node)) !== JSON.stringify(standingOf(old))) [node, old].forEach(ofNode);
    },
  });

  return createController({
    name: 'crossing-controller',
    context,
    waitFor: [crossings, nodes],
    queue,
    async reconcile(name) {
      const crossing = crossings.get(undefined, name);
      if (!crossing) return;
      const status = crossingStatus(crossing, (pool) => nodes.byIndex('pool', pool), clock.now());
      try {
        await writeStatus(client, resources.crossings, crossing, status);
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
    },
  });
}

/** Pure. */
export function crossingStatus(
  { spec, status }: Crossing,
  nodesOf: (pool: string) => readonly Node[],
  nowMs: number,
): CrossingStatus {
  const labels = Object.entries(spec.gatewaySelector?.matchLabels ?? {});
  const gateways = spec.pools.map((pool) => {
    const before = status?.gateways?.find((each) => each.pool === pool)?.nodes ?? [];
    const able = nodesOf(pool)
      .filter(({ metadata }) => labels.every(([name, value]) => metadata.labels?.[name] === value))
      .filter((node) => isReady(node) && keyOfGateway(node) !== undefined)
      .map(({ metadata }) => metadata.name ?? '')
      .sort();
    const kept = before.filter((name) => able.includes(name));
    const nodes = [...kept, ...able.filter((name) => !kept.includes(name))];
    return { pool, nodes: nodes.slice(0, spec.gatewaysPerPool ?? gatewaysPerPoolDefault) };
  });
  const without = gateways.filter(({ nodes }) => nodes.length === 0).map(({ pool }) => pool);
  const ready =
    without.length === 0
      ? {
          type: 'Ready',
          status: 'True',
          reason: 'GatewaysElected',
          message: gateways.map(({ pool, nodes }) => `${pool}: ${nodes.join(', ')}`).join('; '),
        }
      : {
          type: 'Ready',
          status: 'False',
          reason: 'NoGateway',
          message: `no machine of ${without.map((pool) => `pool ${pool}`).join(' and ')} is Ready, allowed and has a key; see kubectl get nodes -l ${nodePoolLabel}=${without[0]}`,
        };
  return { gateways, conditions: withCondition(status?.conditions, ready, nowMs) };
}

export function keyOfGateway({ metadata }: Node): string | undefined {
  const key = metadata.annotations?.[gatewayKeyAnnotation];
  return key !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(key) ? key : undefined;
}

function standingOf(node: Node) {
  return [poolOf(node), isReady(node), keyOfGateway(node), node.metadata.labels];
}

function poolOf({ metadata }: Node): string | undefined {
  return metadata.labels?.[nodePoolLabel];
}

function isReady({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True') ?? false;
}
