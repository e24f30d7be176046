/**
 * Carries a volume plan out before its pod is bound: volumes are told whose they are, claims on which node theirs are to be made, and
 * then everyone waits until all claims are bound, for that is done by others. The pod is bound only after that, so a pod
 * never comes to a node that its data can't come to.
 */
import { isVolumeBoundTo, volumeAllowsNode } from '@skerry/api';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import type { VolumePlan } from '#volumes/plan.ts';
import { boundByController, isFullyBound, selectedNode } from '#volumes/pod-claims.ts';
import { referenceTo, type VolumeView } from '#volumes/volume-view.ts';

export class VolumeBindingError extends Error {
  override readonly name = 'VolumeBindingError';

  constructor(message: string, options?: { cause?: unknown }) {
    super(`running PreBind plugin "VolumeBinding": ${message}`, options);
  }
}

export class VolumeWriter {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #view: VolumeView;
  readonly #waiting = new Set<() => void>();

  constructor({ client, clock, view }: { client: ApiClient; clock: Clock; view: VolumeView }) {
    this.#client = client;
    this.#clock = clock;
    this.#view = view;
  }

  /** Something of claims or volumes has changed. */
  changed(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves when every claim of the plan is bound. @throws VolumeBindingError, ApiError */
  async carryOut(
    plan: VolumePlan,
    node: Node,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void> {
    const volumes = this.#client.resource<PersistentVolume>(resources.persistentVolumes);
    const claims = this.#client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
    for (const { claim, volume } of plan.bindings) {
      const annotations = isVolumeBoundTo(volume, claim)
        ? volume.metadata.annotations
        : { ...volume.metadata.annotations, [boundByController]: 'yes' };
      const metadata = { ...volume.metadata, annotations };
      await volumes.update({ ...volume, metadata, spec: { ...volume.spec, claimRef: referenceTo(claim) } });
    }
    const nodeName = node.metadata.name ?? '';
    for (const claim of plan.provisions) {
      const { annotations } = claim.metadata;
      if (annotations?.[selectedNode] === nodeName) continue;
      const metadata = { ...claim.metadata, annotations: { ...annotations, [selectedNode]: nodeName } };
      await claims.update({ ...claim, metadata });
    }
    await this.#allBound(plan, node, { signal, timeoutMs });
  }

  #allBound(
    plan: VolumePlan,
    node: Node,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const startedMs = this.#clock.monotonic();
    const look = () => {
      try {
        if (signal.aborted) throw new VolumeBindingError('binding volumes: the pod is gone');
        if (this.#isBound(plan, node)) resolve();
        else if (this.#clock.monotonic() - startedMs >= timeoutMs)
          throw new VolumeBindingError('binding volumes: context deadline exceeded');
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const timer = this.#clock.after(timeoutMs, look);
    signal.addEventListener('abort', look, { once: true });
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      timer.cancel();
      signal.removeEventListener('abort', look);
      this.#waiting.delete(look);
    });
  }

  #isBound({ bindings, provisions }: VolumePlan, node: Node): boolean {
    let all = true;
    for (const { claim, volume } of bindings) {
      const name = volume.metadata.name ?? '';
      const now = this.#view.volumes.get(undefined, name);
      if (!now)
        throw new VolumeBindingError(`binding volumes: failed to get pv ${JSON.stringify(name)} from cache`);
      // The copy may not show the promise yet.
      if (isOlder(now, volume) || now.metadata.resourceVersion === volume.metadata.resourceVersion) {
        all = false;
        continue;
      }
      if (!now.spec?.claimRef?.uid)
        throw new VolumeBindingError(`binding volumes: ClaimRef got reset for pv ${JSON.stringify(name)}`);
      if (!isFullyBound(this.#claim(claim))) all = false;
    }
    for (const claim of provisions) if (!this.#isProvisioned(claim, node)) all = false;
    return all;
  }

  #isProvisioned(before: PersistentVolumeClaim, node: Node): boolean {
    const claim = this.#claim(before);
    const name = JSON.stringify(claim.metadata.name);
    const chosen = claim.metadata.annotations?.[selectedNode];
    if (claim.metadata.resourceVersion === before.metadata.resourceVersion && chosen === undefined)
      return false;
    if (chosen === undefined)
      throw new VolumeBindingError(`binding volumes: provisioning failed for PVC ${name}`);
    if (chosen !== node.metadata.name)
      throw new VolumeBindingError(
        `binding volumes: selectedNode annotation value ${JSON.stringify(chosen)} not set to scheduled node ${JSON.stringify(node.metadata.name)}`,
      );
    const { volumeName } = claim.spec ?? {};
    const volume = volumeName ? this.#view.volumes.get(undefined, volumeName) : undefined;
    if (volume && !volumeAllowsNode(volume, node))
      throw new VolumeBindingError(
        `binding volumes: pv ${JSON.stringify(volumeName)} node affinity doesn't match node ${JSON.stringify(node.metadata.name)}: no matching NodeSelectorTerms`,
      );
    return volume !== undefined && isFullyBound(claim);
  }

  #claim({ metadata }: PersistentVolumeClaim): PersistentVolumeClaim {
    const claim = this.#view.claims.get(metadata.namespace, metadata.name ?? '');
    if (!claim || claim.metadata.uid !== metadata.uid)
      throw new VolumeBindingError(
        `binding volumes: failed to get PVC "${metadata.namespace}/${metadata.name}" from cache`,
      );
    return claim;
  }
}

function isOlder(a: PersistentVolume, b: PersistentVolume): boolean {
  return Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}
