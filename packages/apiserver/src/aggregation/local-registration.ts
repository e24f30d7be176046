/**
 * Keeps an APIService for every group version that this server serves itself, as stock servers do: for built-in ones at the
 * start, for those of definitions as they come and go. One that leads to a Service is somebody's choice and left alone.
 */
import { isApiError, type AnyObject, type APIService, type KindInfo } from '@skerry/api';
import { describeError, type Logger } from '@skerry/base';
import { apiServices } from '#aggregation/api-services.ts';
import { builtinPriority, customPriority, type Priority } from '#aggregation/group-priority.ts';
import { definitions, isEstablished, type Definition } from '#crd/definition.ts';
import type { ObjectReader, ObjectWriter } from '#security.ts';

/** Who keeps it: `onstart` makes it anew at a start, `true` also removes it. */
const keptLabel = 'kube-aggregator.kubernetes.io/automanaged';

export interface RegistrationParts {
  readonly read: ObjectReader;
  readonly write: ObjectWriter;
  remove(name: string): Promise<void>;
  kinds(): readonly KindInfo[];
  readonly log: Logger;
}

export class LocalRegistration {
  readonly #parts: RegistrationParts;
  #working: Promise<void> | undefined;
  #again = false;
  #stop: (() => void) | undefined;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { read } = this.#parts;
    const versions = new Map(this.#parts.kinds().map((info) => [`${info.version}.${info.group}`, info]));
    await Promise.all(
      [...versions].map(async ([name, { group, version }]) => {
        const priority = builtinPriority(group, version);
        if (priority) await this.#keep(name, { group, version }, priority, 'onstart');
      }),
    );
    this.#stop = read.onChange(definitions, () => this.#follow());
    this.#follow();
    await this.#working;
  }

  async stop(): Promise<void> {
    this.#stop?.();
    this.#again = false;
    await this.#working;
  }

  #follow(): void {
    this.#again = true;
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      // After the round that told of the change.
      await Promise.resolve();
      try {
        await this.#bringDefinitions();
      } catch (error) {
        this.#parts.log.warn('API services of definitions not kept', { error: describeError(error) });
      }
    }
    this.#working = undefined;
  }

  async #bringDefinitions(): Promise<void> {
    const { read } = this.#parts;
    const wanted = new Map<string, { group: string; version: string }>(
      read
        .list<Definition>(definitions)
        .filter((definition) => isEstablished(definition) && !definition.metadata?.deletionTimestamp)
        .flatMap(({ spec: { group, versions } }) =>
          versions
            .filter(({ served }) => served)
            .map(({ name }) => [`${name}.${group}`, { group, version: name }] as const),
        ),
    );
    for (const [name, place] of wanted) {
      if (!builtinPriority(place.group, place.version)) await this.#keep(name, place, customPriority, 'true');
    }
    for (const { metadata } of read.list<APIService>(apiServices)) {
      const { name = '', labels } = metadata;
      if (labels?.[keptLabel] === 'true' && !wanted.has(name)) await this.#parts.remove(name);
    }
  }

  async #keep(
    name: string,
    { group, version }: { group: string; version: string },
    priority: Priority,
    kept: 'onstart' | 'true',
  ): Promise<void> {
    const { read, write } = this.#parts;
    if (read.get(apiServices, name)) return;
    const object: AnyObject = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name, labels: { [keptLabel]: kept } },
      spec: {
        ...(group === '' ? {} : { group }),
        version,
        groupPriorityMinimum: priority.group,
        versionPriority: priority.version,
      },
    };
    try {
      await write.create(apiServices, object);
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  }
}
