import {
  equalJson,
  isApiError,
  type AnyObject,
  type FlowSchema,
  type KubeObject,
  type PriorityLevelConfiguration,
  timeText,
} from '@skerry/api';
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import {
  autoUpdate,
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from '#flowcontrol/default-objects.ts';
import type { FlowControl } from '#flowcontrol/flow-control.ts';
import { queuingOf } from '#flowcontrol/priority-level.ts';
import type { ObjectRef, ServerAccess } from '#security.ts';

const group = 'flowcontrol.apiserver.k8s.io';
const schemaRef: ObjectRef = { group, resource: 'flowschemas' };
const levelRef: ObjectRef = { group, resource: 'prioritylevelconfigurations' };
/** Who a stock server says has written these, and who their status. */
const producer = { manager: 'api-priority-and-fairness-config-producer-v1' };
const consumer = {
  manager: 'api-priority-and-fairness-config-consumer-v1',
  subresource: 'status',
  applies: true,
} as const;

const settleMs = 20;
const ensureMs = 60_000;
/** Writes of one schema's status in a minute: two servers that disagree must not fight without end. */
const statusWritesMax = 6;
const namesMax = 1000;

interface Default {
  readonly ref: ObjectRef;
  readonly object: KubeObject & { readonly spec?: object };
  readonly mandatory: boolean;
}

const defaults: readonly Default[] = [
  ...suggestedLevels.map((object) => ({ ref: levelRef, object, mandatory: false })),
  ...suggestedSchemas.map((object) => ({ ref: schemaRef, object, mandatory: false })),
  ...mandatoryLevels.map((object) => ({ ref: levelRef, object, mandatory: true })),
  ...mandatorySchemas.map((object) => ({ ref: schemaRef, object, mandatory: true })),
];

/**
 * Keeps flow control as the cluster's objects say, and the objects as they should be: those of every cluster exist, mandatory
 * ones are what they must be, suggested ones follow this version unless their owner took them over, and each FlowSchema says
 * whether the level it names is there.
 */
export class FlowConfig {
  readonly #access: Pick<ServerAccess, 'read' | 'write'>;
  readonly #control: FlowControl;
  readonly #fresh: () => Promise<void>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ends: (() => void)[] = [];
  /** When each schema's status was written. */
  readonly #statusWrites = new Map<string, number[]>();
  #settling: Timer | undefined;
  #ensuring: Timer | undefined;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: {
    readonly access: Pick<ServerAccess, 'read' | 'write'>;
    readonly control: FlowControl;
    /** Resolves when reads see what was written. */
    readonly fresh: () => Promise<void>;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#access = parts.access;
    this.#control = parts.control;
    this.#fresh = parts.fresh;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Writes what must exist and applies it; from then on follows the objects. */
  async start(): Promise<void> {
    await this.#ensure();
    await this.#fresh();
    this.#apply();
    await this.#writeStatuses();
    const { read } = this.#access;
    this.#ends.push(
      read.onChange(schemaRef, () => this.#changed()),
      read.onChange(levelRef, () => this.#changed()),
    );
    this.#changed();
    this.#ensureLater();
  }

  async stop(): Promise<void> {
    this.#closed = true;
    this.#settling?.cancel();
    this.#ensuring?.cancel();
    for (const end of this.#ends) end();
    await this.#work;
  }

  /** Changes come in handfuls: one look at all of them, a moment later. */
  #changed(): void {
    if (this.#closed || this.#settling) return;
    this.#settling = this.#clock.after(settleMs, () => {
      this.#settling = undefined;
      this.#apply();
      this.#enqueue(() => this.#writeStatuses());
    });
  }

  #apply(): void {
    const { read } = this.#access;
    this.#control.configure(
      read.list<FlowSchema>(schemaRef),
      read.list<PriorityLevelConfiguration>(levelRef),
    );
  }

  #ensureLater(): void {
    this.#ensuring = this.#clock.after(ensureMs, () => {
      this.#enqueue(() => this.#ensure());
      if (!this.#closed) this.#ensureLater();
    });
  }

  #enqueue(task: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#closed) await task();
    });
  }

  async #ensure(): Promise<void> {
    for (const wanted of defaults) {
      try {
        await this.#ensureOne(wanted);
      } catch (error) {
        // A conflict, or a store that is busy: looked at again in a minute.
        this.#log.warn('flow control object not written', {
          resource: wanted.ref.resource,
          name: wanted.object.metadata?.name,
          error: describeError(error),
        });
      }
    }
  }

  async #ensureOne({ ref, object, mandatory }: Default): Promise<void> {
    const { read, write } = this.#access;
    const existing = read.get(ref, object.metadata?.name ?? '');
    if (!existing) {
      try {
        await write.create(ref, structuredClone(object) as AnyObject, producer);
      } catch (error) {
        if (!isApiError(error, 'AlreadyExists')) throw error;
      }
      return;
    }
    const revised = revisedDefault(existing, object, mandatory);
    if (revised) await write.update(ref, revised, producer);
  }

  async #writeStatuses(): Promise<void> {
    const { read, write } = this.#access;
    const levels = new Set(
      read
        .list<PriorityLevelConfiguration>(levelRef)
        .filter((level) => queuingOf(level))
        .map(({ metadata }) => metadata.name),
    );
    for (const { metadata } of mandatoryLevels) levels.add(metadata.name);
    for (const schema of read.list<FlowSchema>(schemaRef)) {
      const nowMs = this.#clock.now();
      const revised = withDangling(schema, levels.has(levelOf(schema)), nowMs);
      if (!revised || !this.#mayWriteStatus(schema.metadata.name ?? '', nowMs)) continue;
      try {
        await write.update(schemaRef, revised as unknown as AnyObject, consumer);
      } catch (error) {
        // Whoever was faster caused a change, and with it another look.
        this.#log.debug('flow schema status not written', { error: describeError(error) });
      }
    }
  }

  #mayWriteStatus(name: string, nowMs: number): boolean {
    const recent = (this.#statusWrites.get(name) ?? []).filter((atMs) => nowMs - atMs < 60_000);
    if (recent.length >= statusWritesMax) return false;
    // Names come and go; forgetting early costs a write too many.
    if (this.#statusWrites.size > namesMax) this.#statusWrites.clear();
    this.#statusWrites.set(name, [...recent, nowMs]);
    return true;
  }
}

function levelOf({ spec }: FlowSchema): string {
  return spec?.priorityLevelConfiguration.name ?? '';
}

/** A default object as it should be; undefined when it is so, or is its owner's. */
export function revisedDefault(
  existing: AnyObject,
  wanted: KubeObject & { readonly spec?: object },
  mandatory: boolean,
): AnyObject | undefined {
  const annotation = existing.metadata?.annotations?.[autoUpdate];
  const follows = mandatory || followsVersion(annotation, existing.metadata?.generation);
  const current = existing['spec'];
  const spec = follows && !isWithin(wanted.spec, current) ? wanted.spec : current;
  if (spec === current && annotation === String(follows)) return undefined;
  const revised = structuredClone(existing);
  revised['spec'] = structuredClone(spec);
  revised.metadata = {
    ...revised.metadata,
    annotations: { ...revised.metadata?.annotations, [autoUpdate]: String(follows) },
  };
  return revised;
}

function followsVersion(annotation: string | undefined, generation: number | undefined): boolean {
  if (annotation === 'true') return true;
  if (annotation === 'false') return false;
  // Whoever took the annotation away and never changed the rest has not made it his own.
  return generation === 1;
}

/** Whether `actual` says all that `wanted` says; what is defaulted may be there besides. */
function isWithin(wanted: unknown, actual: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted))
    return equalJson(wanted, actual);
  if (typeof actual !== 'object' || actual === null) return false;
  return Object.entries(wanted).every(([key, value]) =>
    isWithin(value, (actual as Record<string, unknown>)[key]),
  );
}

function withDangling(schema: FlowSchema, found: boolean, nowMs: number): FlowSchema | undefined {
  const level = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(levelOf(schema))}`;
  const [status, reason, message] = found
    ? ['False', 'Found', `${level} and it exists`]
    : ['True', 'NotFound', `${level} but there is no such object`];
  const conditions = schema.status?.conditions ?? [];
  const known = conditions.find(({ type }) => type === 'Dangling');
  if (known?.status === status && known.reason === reason && known.message === message) return undefined;
  const lastTransitionTime = timeText(nowMs);
  return {
    ...structuredClone(schema),
    status: {
      ...schema.status,
      conditions: [
        ...conditions.filter(({ type }) => type !== 'Dangling'),
        { type: 'Dangling', status, lastTransitionTime, reason, message },
      ],
    },
  };
}
