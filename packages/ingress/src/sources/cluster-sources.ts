/** What the proxy follows of the cluster. Slices of pools that are not reached from here stay away. */
import type {
  EndpointSlice,
  Ingress,
  IngressClass,
  KubeObject,
  Namespace,
  Secret,
  Service as KubernetesService,
} from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import { Informer, resources, stripManagedFields, type ApiClient, type ResourceRef } from '@skerry/client';
import { poolLabel } from '#backends/endpoint-directory.ts';
import {
  gatewayResources,
  type Gateway,
  type GatewayClass,
  type HttpRoute,
  type ReferenceGrant,
} from '#sources/gateway-kinds.ts';

export interface ClusterSourcesOptions {
  readonly client: ApiClient;
  readonly pool: string | undefined;
  /** Whether the kinds of Gateway API are there. */
  readonly gatewayApi: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const serviceIndex = 'service';
/** Changes come at once all the same; what this saves is asking again over the link. */
const watchLifeMs = 30 * 60_000;

const networking = (kind: string, resource: string, namespaced = true): ResourceRef => ({
  group: 'networking.k8s.io',
  version: 'v1',
  kind,
  resource,
  namespaced,
});

export class ClusterSources {
  readonly #options: ClusterSourcesOptions;
  readonly #informers: Informer[] = [];
  readonly ingresses: Informer<Ingress>;
  readonly ingressClasses: Informer<IngressClass>;
  readonly services: Informer<KubernetesService>;
  readonly secrets: Informer<Secret>;
  readonly gatewayClasses: Informer<GatewayClass> | undefined;
  readonly gateways: Informer<Gateway> | undefined;
  readonly httpRoutes: Informer<HttpRoute> | undefined;
  readonly referenceGrants: Informer<ReferenceGrant> | undefined;
  readonly namespaces: Informer<Namespace> | undefined;
  readonly #slices: Informer<EndpointSlice>[];

  constructor(options: ClusterSourcesOptions) {
    this.#options = options;
    const { pool, gatewayApi } = options;
    this.ingresses = this.#follow(networking('Ingress', 'ingresses'));
    this.ingressClasses = this.#follow(networking('IngressClass', 'ingressclasses', false));
    this.services = this.#follow(resources.services);
    // Certificates alone: other people's Secrets are none of its business.
    this.secrets = this.#follow(resources.secrets, { fieldSelector: 'type=kubernetes.io/tls' });
    if (gatewayApi) {
      this.gatewayClasses = this.#follow(gatewayResources.gatewayClasses);
      this.gateways = this.#follow(gatewayResources.gateways);
      this.httpRoutes = this.#follow(gatewayResources.httpRoutes);
      this.referenceGrants = this.#follow(gatewayResources.referenceGrants);
      this.namespaces = this.#follow(resources.namespaces);
    }
    const selectors = [`!${poolLabel}`, ...(pool === undefined ? [] : [`${poolLabel}=${pool}`])];
    this.#slices = selectors.map((labelSelector) => {
      const slices = this.#follow<EndpointSlice>(resources.endpointSlices, { labelSelector });
      slices.addIndex(serviceIndex, ({ metadata }) => {
        const service = serviceOfSlice({ metadata });
        return service === undefined ? [] : [`${metadata.namespace}/${service}`];
      });
      return slices;
    });
  }

  slicesOf(namespace: string, service: string): EndpointSlice[] {
    return this.#slices.flatMap((slices) => slices.byIndex(serviceIndex, `${namespace}/${service}`));
  }

  /** A Service or one of its slices has changed. */
  onService(tell: (namespace: string, name: string) => void): void {
    onAny(this.services, ({ metadata }) => tell(metadata.namespace ?? '', metadata.name ?? ''));
    for (const slices of this.#slices)
      onAny(slices, ({ metadata }) => {
        const name = serviceOfSlice({ metadata });
        if (name !== undefined) tell(metadata.namespace ?? '', name);
      });
  }

  /** Anything that routes are made of has changed. */
  onRoutes(tell: () => void): void {
    const slices = new Set<unknown>(this.#slices);
    for (const informer of this.#informers) if (!slices.has(informer)) onAny(informer, tell);
  }

  /** Resolves when all is read once, or at the signal. */
  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.waitForSync(signal))).catch(() => undefined);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(signal)));
  }

  #follow<T extends KubeObject>(
    ref: ResourceRef,
    scope: { readonly labelSelector?: string; readonly fieldSelector?: string } = {},
  ): Informer<T> {
    const { client, clock, log, random } = this.#options;
    const informer = new Informer<T>({
      source: client.resource<T>(ref),
      name: ref.resource,
      scope,
      transform: stripManagedFields,
      watchLifeMs,
      clock,
      log,
      random,
    });
    this.#informers.push(informer as unknown as Informer);
    return informer;
  }
}

function serviceOfSlice({ metadata }: Pick<EndpointSlice, 'metadata'>): string | undefined {
  return metadata.labels?.['kubernetes.io/service-name'];
}

function onAny<T extends KubeObject>(informer: Informer<T>, tell: (object: T) => void): void {
  informer.addHandler({ onAdd: tell, onUpdate: tell, onDelete: tell });
}
