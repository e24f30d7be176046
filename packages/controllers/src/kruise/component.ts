/**
 * OpenKruise: its controllers and webhooks, switched on and off by what is in the cluster.
 *
 * They work while the definition of DaemonSets is established and carries the component's label. Without the label it is
 * somebody else's installation, which is left alone. Other settings are in a ConfigMap; a change of it starts everything
 * anew, as does the switch: nothing is kept in memory that the API does not hold.
 */
import type { ConfigMap, CustomResourceDefinition } from '@skerry/api';
import { supervise } from '@skerry/base';
import type { Service } from '@skerry/base';
import { ApiEventRecorder, clusterEventQueueMax, InformerFactory, resources } from '@skerry/client';
import { createBroadcastJobController } from '#kruise/broadcast-job/broadcast-job.ts';
import { createImageListPullJobController } from '#kruise/image-pull-job/image-list-pull-job.ts';
import { createImagePullJobController } from '#kruise/image-pull-job/image-pull-job.ts';
import { createNodeImageController } from '#kruise/node-image/node-image.ts';
import { createAdvancedDaemonSetController } from '#kruise/daemon-set/advanced-daemon-set.ts';
import { parseFeatureGates } from '#kruise/feature-gates.ts';
import type { FeatureGates } from '#kruise/feature-gates.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { daemonSetDefinition } from '#kruise/manifests/daemon-set.ts';
import { componentLabel, componentName } from '#kruise/manifests/labels.ts';
import { kruiseNamespace } from '#kruise/manifests/namespaces.ts';
import { settingsName } from '#kruise/manifests/values.ts';
import { createWebhookService } from '#kruise/webhooks/webhook-service.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { ControllerContext } from '#runtime/controller.ts';

export interface OpenKruiseSettings {
  /** Address of this machine under which the API server reaches the webhooks; 127.0.0.1 unless given. */
  readonly webhookAddress?: string;
}

const creators: Readonly<Record<string, (context: KruiseContext) => Service | undefined>> = {
  'openkruise-webhooks': createWebhookService,
  'advanced-daemonset-controller': createAdvancedDaemonSetController,
  'broadcastjob-controller': createBroadcastJobController,
  'imagepulljob-controller': createImagePullJobController,
  'imagelistpulljob-controller': createImageListPullJobController,
  'nodeimage-controller': createNodeImageController,
};

export function createOpenKruiseComponent(
  context: ControllerContext,
  { webhookAddress = '127.0.0.1' }: OpenKruiseSettings,
): Service {
  const { informers, clock, log } = context;
  const named = (name: string) => `metadata.name=${name}`;
  const definitions = informers.informer<CustomResourceDefinition>(resources.customResourceDefinitions, {
    fieldSelector: named(daemonSetDefinition.metadata.name ?? ''),
  });
  const settings = informers.informer<ConfigMap>(resources.configMaps, {
    namespace: kruiseNamespace,
    fieldSelector: named(settingsName),
  });
  const queue = createQueue(context);
  const look = () => queue.add('switch');
  for (const informer of [definitions, settings]) {
    informer.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
  }
  queue.add('switch');
  let running: { readonly as: string; end(): Promise<void> } | undefined;

  /** The settings to work with; undefined while switched off. */
  function wanted(): string | undefined {
    const isOn = definitions.list().some(isSwitchedOn);
    return isOn ? (settings.list()[0]?.data?.['featureGates'] ?? '') : undefined;
  }

  function start(gates: FeatureGates): () => Promise<void> {
    const stop = new AbortController();
    const { client, random } = context;
    const own = new InformerFactory({ client, clock, log, random });
    const runs: Promise<void>[] = [];
    for (const [name, create] of Object.entries(creators)) {
      const as = client.as(`skerry/${name}`);
      const events = new ApiEventRecorder({
        client: as,
        component: name,
        clock,
        log,
        queueMax: clusterEventQueueMax,
      });
      const part = create({
        ...context,
        client: as,
        events,
        informers: own,
        shared: informers,
        gates,
        webhookAddress,
        signal: stop.signal,
      });
      if (part) runs.push(events.run(stop.signal), supervise(part, { clock, log, signal: stop.signal }));
    }
    runs.push(own.run(stop.signal));
    return async () => {
      stop.abort();
      await Promise.all(runs);
    };
  }

  const controller = createController({
    name: 'openkruise-component',
    context,
    waitFor: [definitions, settings],
    queue,
    workers: 1,
    async reconcile() {
      const as = wanted();
      if (running?.as === as) return;
      await running?.end();
      running = undefined;
      log.info(as === undefined ? 'OpenKruise is switched off' : 'OpenKruise works', { featureGates: as });
      if (as !== undefined) running = { as, end: start(parseFeatureGates(as)) };
    },
  });
  return {
    name: controller.name,
    async run(signal) {
      await controller.run(signal);
      await running?.end();
      running = undefined;
    },
  };
}

function isSwitchedOn({ metadata, status }: CustomResourceDefinition): boolean {
  if (metadata.deletionTimestamp || metadata.labels?.[componentLabel] !== componentName) return false;
  return (status?.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True');
}
