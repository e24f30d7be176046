/** Making, correcting and removing the pods of StatefulSets and their claims, with the events that `kubectl describe` shows. */
import { isApiError } from '@skerry/api';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '@skerry/api';
import { describeError } from '@skerry/base';
import { resources } from '@skerry/client';
import type { Informer } from '@skerry/client';
import type { ControllerContext } from '#runtime/controller.ts';
import type { Expectations } from '#runtime/expectations.ts';
import { isEndingNamespace } from '#runtime/ending-namespace.ts';
import {
  correctedOwners,
  hasOtherController,
  isStaleClaim,
  ownersFor,
} from '#apps/stateful-set/claim-retention.ts';
import { claimsOf, identityLabels, memberName, podNameLabel } from '#apps/stateful-set/member-pod.ts';
import { ordinalOf } from '#apps/stateful-set/replica.ts';

export interface MemberControlOptions {
  readonly context: ControllerContext;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly expectations: Expectations;
}

export class MemberControl {
  readonly #context: ControllerContext;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #expectations: Expectations;

  constructor({ context, claims, expectations }: MemberControlOptions) {
    this.#context = context;
    this.#claims = claims;
    this.#expectations = expectations;
  }

  /** The claims first: the pod would wait for them anyway. */
  async create(key: string, set: StatefulSet, given: { ordinal: number; pod: Pod }): Promise<void> {
    const { ordinal, pod } = given;
    this.#expectations.expectCreations(key, 1);
    try {
      await this.createClaims(set, ordinal, pod);
      await this.#context.client.resource<Pod>(resources.pods).create(pod);
    } catch (error) {
      this.#expectations.creationObserved(key);
      const isExpected = isApiError(error, 'AlreadyExists') || isEndingNamespace(error);
      if (!isExpected) this.#record(set, { verb: 'Create', pod, error });
      throw error;
    }
    this.#record(set, { verb: 'Create', pod });
  }

  async remove(key: string, set: StatefulSet, pod: Pod): Promise<void> {
    const { name = '', namespace, uid = '' } = pod.metadata;
    this.#expectations.expectDeletions(key, [uid]);
    try {
      await this.#context.client.resource(resources.pods).delete(name, { namespace, preconditions: { uid } });
    } catch (error) {
      this.#expectations.deletionObserved(key, uid);
      if (!isApiError(error, 'NotFound')) {
        this.#record(set, { verb: 'Delete', pod, error });
        throw error;
      }
    }
    this.#record(set, { verb: 'Delete', pod });
  }

  hasStaleClaim(set: StatefulSet, ordinal: number): boolean {
    return [...claimsOf(set, ordinal).values()].some(({ metadata }) => {
      const present = this.#claims.get(metadata.namespace, metadata.name ?? '');
      return present !== undefined && isStaleClaim(present, set, memberName(set, ordinal));
    });
  }

  /** Makes what claims are missing. A claim that is on its way out rejects: its pod must not come back before it has gone. */
  async createClaims(set: StatefulSet, ordinal: number, pod: Pod): Promise<void> {
    const client = this.#context.client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
    for (const claim of claimsOf(set, ordinal).values()) {
      const { name = '', namespace } = claim.metadata;
      const present = this.#claims.get(namespace, name);
      if (present?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`);
      if (present) continue;
      const owners = ownersFor(set, pod);
      if (owners.length > 0) claim.metadata.ownerReferences = owners;
      try {
        await client.create(claim);
        this.#recordClaim(set, { name, pod });
      } catch (error) {
        if (isApiError(error, 'AlreadyExists')) continue;
        this.#recordClaim(set, { name, pod, error });
        throw new Error(`failed to create PVC ${name}: ${describeError(error)}`, { cause: error });
      }
    }
  }

  /** Gives a pod back the labels that tell it from its siblings, and its claims the owners that they should have. */
  async correct(set: StatefulSet, ordinal: number, pod: Pod): Promise<void> {
    await this.keepClaims(set, pod);
    const labels = identityLabels(set, ordinal);
    if (pod.metadata.labels?.[podNameLabel] === labels[podNameLabel]) return;
    const { namespace, uid } = pod.metadata;
    const patch = { metadata: { uid, labels } };
    try {
      const options = { type: 'merge', namespace } as const;
      await this.#context.client.resource<Pod>(resources.pods).patch(pod.metadata.name ?? '', patch, options);
    } catch (error) {
      this.#record(set, { verb: 'Update', pod, error });
      throw error;
    }
    this.#record(set, { verb: 'Update', pod });
  }

  async keepClaims(set: StatefulSet, pod: Pod): Promise<void> {
    for (const { metadata } of claimsOf(set, ordinalOf(set, pod) ?? 0).values()) {
      const claim = this.#claims.get(metadata.namespace, metadata.name ?? '');
      const ownerReferences = claim && correctedOwners(claim, set, pod);
      if (!claim || !ownerReferences) continue;
      if (hasOtherController(claim, set, pod)) {
        const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
        this.#context.events.record(set, { type: 'Warning', reason: 'ConflictingController', message });
      }
      const { name = '', namespace, uid, resourceVersion } = claim.metadata;
      const patch = {
        metadata: {
          uid,
          resourceVersion,
          ownerReferences: ownerReferences.length > 0 ? ownerReferences : null,
        },
      };
      await this.#context.client
        .resource(resources.persistentVolumeClaims)
        .patch(name, patch, { type: 'merge', namespace });
    }
  }

  #record(set: StatefulSet, { verb, pod, error }: { verb: string; pod: Pod; error?: unknown }): void {
    const what = `${verb} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    this.#context.events.record(
      set,
      error === undefined
        ? { type: 'Normal', reason: `Successful${verb}`, message: `${what} successful` }
        : {
            type: 'Warning',
            reason: `Failed${verb}`,
            message: `${what} failed error: ${describeError(error)}`,
          },
    );
  }

  #recordClaim(set: StatefulSet, { name, pod, error }: { name: string; pod: Pod; error?: unknown }): void {
    const of = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    this.#context.events.record(
      set,
      error === undefined
        ? { type: 'Normal', reason: 'SuccessfulCreate', message: `Create Claim ${name} ${of} success` }
        : {
            type: 'Warning',
            reason: 'FailedCreate',
            message: `Create Claim ${name} for ${of} failed error: ${describeError(error)}`,
          },
    );
  }
}
