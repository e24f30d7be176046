/**
 * Looks whether aggregated servers can be reached and answer, and writes the `Available` condition of their APIServices:
 * when one of them, its Service or its endpoints change, and every half minute. Reasons and texts are Kubernetes'.
 */
import { isApiError, type APIService, type EndpointSlice, type Service, timeText } from '@skerry/api';
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import { apiServices, type ApiServices, type RemoteApi } from '#aggregation/api-services.ts';
import type { RemoteFetcher } from '#aggregation/remote-fetch.ts';
import { connectionFault } from '#outgoing/call-failure.ts';
import { endpointSlices, services } from '#outgoing/service-endpoint.ts';
import type { KindHooks } from '#registry/registry.ts';
import type { ObjectReader, ObjectWriter } from '#security.ts';

const recheckMs = 30_000;
const attemptsMax = 5;
const writesMax = 5;

interface Finding {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

const local: Finding = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};
const passed: Finding = { status: 'True', reason: 'Passed', message: 'all checks passed' };

/** One that leads to no Service is available from the start. */
export function apiServiceHooks(clock: Clock): KindHooks {
  return {
    beforeCreate(object) {
      const { spec } = object as unknown as APIService;
      const known = spec?.service
        ? undefined
        : withCondition({ ...object, status: {} } as APIService, local, clock.now());
      if (known) object['status'] = known['status'];
      return Promise.resolve(() => undefined);
    },
  };
}

export interface AvailabilityParts {
  readonly apis: ApiServices;
  readonly read: ObjectReader;
  readonly write: ObjectWriter;
  readonly fetcher: RemoteFetcher;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onUnavailable?: (name: string, reason: string) => void;
}

export class Availability {
  readonly #parts: AvailabilityParts;
  /** By name; `again` is set when something changed while a check ran. */
  readonly #running = new Map<string, { again: boolean; done: Promise<void> }>();
  readonly #stops: (() => void)[] = [];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: AvailabilityParts) {
    this.#parts = parts;
  }

  start(): void {
    const { apis, read } = this.#parts;
    const ofService = (namespace: string | undefined, name: string | undefined) => {
      for (const api of apis.remote.values()) {
        if (api.service.namespace === namespace && api.service.name === name) this.#check(api.name);
      }
    };
    this.#stops.push(
      apis.onChange((name) => this.#check(name)),
      read.onChange(services, ({ object }) => ofService(object.metadata?.namespace, object.metadata?.name)),
      read.onChange(endpointSlices, ({ object }) =>
        ofService(object.metadata?.namespace, object.metadata?.labels?.['kubernetes.io/service-name']),
      ),
    );
    for (const name of apis.names()) this.#check(name);
    this.#scheduleAll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const stop of this.#stops) stop();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #scheduleAll(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(recheckMs, () => {
      for (const { name } of this.#parts.apis.remote.values()) this.#check(name);
      this.#scheduleAll();
    });
  }

  #check(name: string): void {
    if (this.#stopped) return;
    const running = this.#running.get(name);
    if (running) {
      running.again = true;
      return;
    }
    const entry = { again: false, done: Promise.resolve() };
    this.#running.set(name, entry);
    entry.done = this.#bring(name)
      .catch((error: unknown) => {
        this.#parts.log.warn('API service not checked', { name, error: describeError(error) });
      })
      .then(() => {
        this.#running.delete(name);
        if (entry.again) this.#check(name);
      });
  }

  async #bring(name: string): Promise<void> {
    // Begin after the caller: the caches that told of the change are all to have it.
    await Promise.resolve();
    const object = this.#parts.apis.find(name);
    if (!object) return;
    const api = [...this.#parts.apis.remote.values()].find((each) => each.name === name);
    const finding = api ? await this.#look(api) : local;
    await this.#write(name, object.metadata.uid, finding);
  }

  async #look(api: RemoteApi): Promise<Finding> {
    const missing = this.#missing(api);
    if (missing) return missing;
    const attempts = Array.from({ length: attemptsMax }, () => this.#ask(api));
    try {
      await Promise.any(attempts);
      return passed;
    } catch (error) {
      const [first] = (error as AggregateError).errors as unknown[];
      return fails('FailedDiscoveryCheck', first instanceof Error ? first.message : String(first));
    }
  }

  /** What the objects already say. */
  #missing({ service: { namespace, name, port: number } }: RemoteApi): Finding | undefined {
    const { read } = this.#parts;
    const service = read.get<Service>(services, name, namespace);
    const where = `service/${name} in ${JSON.stringify(namespace)}`;
    if (!service) return fails('ServiceNotFound', `${where} is not present`);
    if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
    const port = service.spec?.ports?.find((each) => each.port === number);
    if (!port) return fails('ServicePortError', `${where} is not listening on port ${number}`);
    const slices = read
      .list<EndpointSlice>(endpointSlices, namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
    if (slices.length === 0) return fails('EndpointsNotFound', `cannot find endpointslices for ${where}`);
    const portName = port.name ?? '';
    const active = slices.some(
      ({ endpoints, ports }) =>
        endpoints?.some(({ conditions }) => conditions?.ready !== false) &&
        ports?.some((each) => (each.name ?? '') === portName && each.port !== undefined),
    );
    if (active) return undefined;
    return fails(
      'MissingEndpoints',
      `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`,
    );
  }

  async #ask(api: RemoteApi): Promise<void> {
    const { name, namespace, port } = api.service;
    const path = api.group === '' ? `/api/${api.version}` : `/apis/${api.group}/${api.version}`;
    const url = `https://${name}.${namespace}.svc:${port}${path}`;
    let status: number;
    try {
      ({ status } = await this.#parts.fetcher.get(api, path));
    } catch (error) {
      const why = connectionFault(error);
      throw new Error(
        `failing or missing response from ${url}: ${why.startsWith('Get ') ? why : `Get ${JSON.stringify(url)}: ${why}`}`,
        { cause: error },
      );
    }
    if (status < 200 || status >= 300) {
      throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status}`);
    }
  }

  async #write(name: string, uid: string | undefined, finding: Finding): Promise<void> {
    for (let tries = 1; ; tries++) {
      const object = this.#parts.apis.find(name);
      if (!object || object.metadata.uid !== uid) return;
      const next = withCondition(object, finding, this.#parts.clock.now());
      if (!next) return;
      try {
        await this.#parts.write.update(apiServices, next, { subresource: 'status' });
        if (finding.status === 'False') this.#parts.onUnavailable?.(name, finding.reason);
        return;
      } catch (error) {
        if (isApiError(error, 'NotFound')) return;
        if (!isApiError(error, 'Conflict') || tries >= writesMax) throw error;
      }
    }
  }
}

function fails(reason: string, message: string): Finding {
  return { status: 'False', reason, message };
}

/** Undefined: it says so already. */
function withCondition(
  object: APIService,
  finding: Finding,
  nowMs: number,
): Record<string, unknown> | undefined {
  const conditions = object.status?.conditions ?? [];
  const present = conditions.find(({ type }) => type === 'Available');
  if (
    present?.status === finding.status &&
    present.reason === finding.reason &&
    present.message === finding.message
  ) {
    return undefined;
  }
  const lastTransitionTime =
    present?.status === finding.status ? present.lastTransitionTime : timeText(nowMs);
  const condition = { type: 'Available', ...finding, lastTransitionTime };
  const others = conditions.filter(({ type }) => type !== 'Available');
  return { ...structuredClone(object), status: { ...object.status, conditions: [...others, condition] } };
}
