/**
 * Writes what became of Ingresses, Gateways and routes into their status, where it differs. One proxy of all does, by a lease. Entries
 * that other controllers have in a route's status stay as they are.
 */
import { isApiError, type Ingress, type KubeObject, timeText } from '@skerry/api';
import { describeError, type Clock, type Logger } from '@skerry/base';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { gatewayController, type GatewayReport } from '#sources/gateway-routes.ts';
import { gatewayResources, type Condition, type RouteParentStatus } from '#sources/gateway-kinds.ts';

export interface StatusReport {
  readonly ingresses: readonly Ingress[];
  readonly addresses: readonly string[];
  readonly gateways: GatewayReport;
}

export const ingressesRef: ResourceRef = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  namespaced: true,
};

export class StatusWriter {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor({
    client,
    clock,
    log,
  }: {
    readonly client: ApiClient;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  /** Answers whether all is written; what is not must be tried again with what is read then. */
  async write({ ingresses, addresses, gateways }: StatusReport): Promise<boolean> {
    const loadBalancer = { ingress: addresses.map((ip) => ({ ip })) };
    let isWhole = true;
    const put = async (ref: ResourceRef, object: KubeObject, status: unknown) => {
      isWhole = (await this.#put(ref, object, status)) && isWhole;
    };
    for (const ingress of ingresses) await put(ingressesRef, ingress, { loadBalancer });
    for (const { object, conditions } of gateways.classes)
      await put(gatewayResources.gatewayClasses, object, {
        ...object.status,
        conditions: this.#merged(object.status?.conditions, conditions),
      });
    for (const { object, status } of gateways.gateways) {
      const before = new Map(
        object.status?.listeners?.map((listener) => [listener.name, listener.conditions]),
      );
      await put(gatewayResources.gateways, object, {
        ...status,
        conditions: this.#merged(object.status?.conditions, status.conditions ?? []),
        listeners: status.listeners?.map((listener) => ({
          ...listener,
          conditions: this.#merged(before.get(listener.name), listener.conditions),
        })),
      });
    }
    for (const { object, parents } of gateways.routes) {
      const before = object.status?.parents ?? [];
      const others = before.filter(({ controllerName }) => controllerName !== gatewayController);
      if (parents.length === 0 && others.length === before.length) continue;
      await put(gatewayResources.httpRoutes, object, {
        parents: [...others, ...parents.map((parent) => this.#parent(before, parent))],
      });
    }
    return isWhole;
  }

  #parent(before: readonly RouteParentStatus[], parent: RouteParentStatus): RouteParentStatus {
    const own = before.find(
      ({ controllerName, parentRef }) =>
        controllerName === gatewayController && canonical(parentRef) === canonical(parent.parentRef),
    );
    return { ...parent, conditions: this.#merged(own?.conditions, parent.conditions) };
  }

  /** Conditions of others stay, and so does the time of one whose status is the same. */
  #merged(before: readonly Condition[] = [], wanted: readonly Condition[]): Condition[] {
    const types = new Set(wanted.map(({ type }) => type));
    const now = timeText(this.#clock.now());
    return [
      ...wanted.map((condition) => {
        const old = before.find(({ type }) => type === condition.type);
        const isSame = old?.status === condition.status && old.lastTransitionTime !== undefined;
        return { ...condition, lastTransitionTime: isSame ? old.lastTransitionTime : now };
      }),
      // What an API server writes by default until somebody knows.
      ...before.filter(({ type }) => !types.has(type)),
    ];
  }

  async #put(ref: ResourceRef, object: KubeObject, status: unknown): Promise<boolean> {
    const before = (object as { status?: unknown }).status;
    if (canonical(before ?? {}) === canonical(status)) return true;
    const { name, namespace } = object.metadata ?? {};
    try {
      await this.#client
        .resource(ref)
        .update(
          { ...object, apiVersion: `${ref.group}/${ref.version}`, kind: ref.kind, status } as KubeObject,
          {
            namespace,
            subresource: 'status',
          },
        );
      return true;
    } catch (error) {
      // Its next state comes by the watch.
      if (isApiError(error, 'Conflict') || isApiError(error, 'NotFound')) return true;
      this.#log.warn('status not written', { kind: ref.kind, namespace, name, error: describeError(error) });
      return false;
    }
  }
}

/** The same text for the same values, whatever the order of fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
