/** States of the kinds that are neither pods, nodes nor workloads; and of kinds that nobody knows. */
import type {
  APIService,
  AnyObject,
  CertificateSigningRequest,
  CustomResourceDefinition,
  Event,
  HorizontalPodAutoscaler,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  Service,
} from '@skerry/api';
import type { Tone } from '#contract/index.ts';
import type { StateCell } from '#cache/item.ts';
import { conditionOf, isTrue, state, whyOf } from '#views/states/state.ts';

const phaseTones: Readonly<Record<string, Tone>> = {
  Active: 'ok',
  Bound: 'ok',
  Available: 'ok',
  Released: 'warning',
  Pending: 'progressing',
  Terminating: 'progressing',
  Lost: 'error',
  Failed: 'error',
};

export function phaseState(object: Namespace | PersistentVolume | PersistentVolumeClaim): StateCell {
  const phase: string = object.metadata.deletionTimestamp
    ? 'Terminating'
    : (object.status?.phase ?? 'Unknown');
  const status = object.status as { reason?: string; message?: string } | undefined;
  const why = whyOf(status) ?? whyOf(contentLeft(object));
  return state(phase, phaseTones[phase] ?? 'unknown', { why, since: object.metadata.deletionTimestamp });
}

/** What holds up the end of a namespace. */
function contentLeft(object: Namespace | PersistentVolume | PersistentVolumeClaim) {
  const conditions = (object as Namespace).status?.conditions;
  return ['NamespaceContentRemaining', 'NamespaceFinalizersRemaining', 'NamespaceDeletionContentFailure']
    .map((type) => conditionOf(conditions, type))
    .find((condition) => condition?.status === 'True');
}

export function serviceState({ spec, status }: Service): StateCell {
  if (spec?.type !== 'LoadBalancer') return state('Ready', 'ok');
  return status?.loadBalancer?.ingress?.length
    ? state('Ready', 'ok')
    : state('Pending', 'progressing', { why: 'no load balancer has given it an address' });
}

export function autoscalerState({ status }: HorizontalPodAutoscaler): StateCell {
  const able = conditionOf(status?.conditions, 'AbleToScale');
  if (able?.status === 'False') return state('Failing', 'error', { why: whyOf(able) });
  const active = conditionOf(status?.conditions, 'ScalingActive');
  if (active?.status === 'False')
    return state(
      active.reason === 'ScalingDisabled' ? 'Disabled' : 'Failing',
      active.reason === 'ScalingDisabled' ? 'unknown' : 'error',
      {
        why: active.message,
        since: active.lastTransitionTime,
      },
    );
  const limited = conditionOf(status?.conditions, 'ScalingLimited');
  if (limited?.status === 'True') return state('Limited', 'warning', { why: limited.message });
  return active ? state('Active', 'ok') : state('Unknown', 'unknown');
}

export function disruptionBudgetState({ status }: PodDisruptionBudget): StateCell {
  const healthy = status?.currentHealthy ?? 0;
  const desired = status?.desiredHealthy ?? 0;
  if (healthy < desired) return state('Violated', 'error', { why: `${healthy} of ${desired} are healthy` });
  if ((status?.expectedPods ?? 0) > 0 && (status?.disruptionsAllowed ?? 0) === 0)
    return state('Blocking', 'warning', { why: 'no pod may be evicted now' });
  return state('Healthy', 'ok');
}

export function signingRequestState({ status }: CertificateSigningRequest): StateCell {
  const of = (type: string) => conditionOf(status?.conditions, type);
  const denied = of('Denied');
  if (denied) return state('Denied', 'error', { why: whyOf(denied) });
  const failed = of('Failed');
  if (failed) return state('Failed', 'error', { why: whyOf(failed) });
  if (!of('Approved')) return state('Pending', 'progressing', { why: 'waits for approval' });
  return status?.certificate
    ? state('Issued', 'ok')
    : state('Approved', 'progressing', { why: 'waits for its signer' });
}

export function definitionState({ metadata, status }: CustomResourceDefinition): StateCell {
  if (metadata.deletionTimestamp) return state('Terminating', 'progressing');
  const established = conditionOf(status?.conditions, 'Established');
  if (established?.status === 'True') return state('Established', 'ok');
  const names = conditionOf(status?.conditions, 'NamesAccepted');
  const refused = names?.status === 'False';
  return state(refused ? 'Refused' : 'Pending', refused ? 'error' : 'progressing', {
    why: whyOf(refused ? names : established),
  });
}

export function apiServiceState({ status }: APIService): StateCell {
  const available = conditionOf(status?.conditions, 'Available');
  return available?.status === 'True'
    ? state('Available', 'ok')
    : state('Unavailable', available ? 'error' : 'unknown', {
        why: whyOf(available),
        since: available?.lastTransitionTime,
      });
}

export function eventState({ type, reason }: Event): StateCell {
  return state(reason || type || 'Normal', type === 'Warning' ? 'warning' : 'ok');
}

const words: Readonly<Record<Tone, RegExp>> = {
  error:
    /^(failed|failure|error|errored|degraded|lost|unhealthy|invalid|rejected|denied|false|notready|unavailable|crash.*)$/i,
  warning: /^(warning|notsynced|outofsync|expired|expiring)$/i,
  progressing:
    /^(pending|progressing|creating|updating|upgrading|installing|deleting|terminating|provisioning|reconciling|inprogress|issuing|running|waiting)$/i,
  ok: /^(ready|true|ok|active|available|healthy|succeeded|success|complete|completed|bound|synced|installed|established|online)$/i,
  disconnected: /^(disconnected|offline|autonomous|unreachable)$/i,
  unknown: /^(unknown|paused|suspended|disabled|none)$/i,
};

/** The tone of a word in a column that looks like a state, of a kind that is not known; undefined: it says nothing. */
export function toneOfWord(word: string): Tone | undefined {
  for (const [tone, pattern] of Object.entries(words)) if (pattern.test(word)) return tone as Tone;
  return undefined;
}

/** Of a whole object of an unknown kind: by `Ready`, `Available` or `Synced` of its conditions, else by its phase. */
export function anyState(object: AnyObject): StateCell | undefined {
  const status = object.status as
    | {
        phase?: unknown;
        conditions?: { type?: string; status?: string; reason?: string; message?: string }[];
      }
    | undefined;
  if (object.metadata?.deletionTimestamp) return state('Terminating', 'progressing');
  const conditions = Array.isArray(status?.conditions) ? status.conditions : undefined;
  for (const type of ['Ready', 'Available', 'Healthy', 'Synced']) {
    const condition = conditionOf(conditions, type);
    if (!condition) continue;
    if (isTrue(conditions, type)) return state(type, 'ok');
    return state(`Not${type}`, condition.status === 'Unknown' ? 'unknown' : 'error', {
      why: whyOf(condition),
    });
  }
  const phase = status?.phase;
  return typeof phase === 'string' && phase !== '' ? state(phase, toneOfWord(phase) ?? 'unknown') : undefined;
}
