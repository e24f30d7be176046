/**
 * Gives every pod a service account, and its containers a token, the cluster's CA and their namespace, in a projected volume
 * at the path that client libraries read.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
 */
import { type Container, type Pod, type ServiceAccount, type Volume, forbidden } from '@skerry/api';
import { type Clock, sleep } from '@skerry/base';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import type { ObjectReader } from '#security.ts';
import { podTokenSeconds } from '#signing/token-issuer.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
export const mirrorAnnotation = 'kubernetes.io/config.mirror';
/** A new namespace's `default` account appears a moment after it. */
const lookAgain = { times: 10, everyMs: 100 };
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

export function serviceAccountAdmission(parts: {
  readonly read: ObjectReader;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
}): AdmissionPlugin {
  const { read, clock, random } = parts;

  async function find(namespace: string, name: string): Promise<ServiceAccount | undefined> {
    const ref = { group: '', resource: 'serviceaccounts' };
    for (let attempt = 0; ; attempt++) {
      const found = read.get<ServiceAccount>(ref, name, namespace);
      if (found || attempt >= lookAgain.times) return found;
      await sleep(clock, lookAgain.everyMs);
    }
  }

  return {
    name: 'ServiceAccount',
    async mutate(ctx) {
      if (ctx.operation !== 'CREATE' || !isAbout(ctx, pods)) return;
      const pod = ctx.object as unknown as Pod;
      if (!pod.spec) return;
      if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) {
        checkMirror(ctx.name, pod);
        return;
      }
      const name = pod.spec.serviceAccountName || 'default';
      pod.spec.serviceAccountName = name;
      pod.spec.serviceAccount = name;
      const account = await find(ctx.namespace, name);
      if (!account) {
        throw forbidden(
          pods,
          ctx.name,
          `error looking up service account ${ctx.namespace}/${name}: serviceaccount "${name}" not found`,
        );
      }
      const automount = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
      if (automount) mountToken(pod, random);
      if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        pod.spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
      }
    },
  };
}

/** A mirror pod reports what a node runs by itself; it may ask for nothing of the API. */
function checkMirror(name: string, { spec }: Pod): void {
  if (spec?.serviceAccountName)
    throw forbidden(pods, name, 'a mirror pod may not reference service accounts');
  const usesSecret = spec?.volumes?.some(
    ({ secret, projected }) =>
      secret || projected?.sources?.some((source) => source.secret || source.serviceAccountToken),
  );
  if (usesSecret) throw forbidden(pods, name, 'a mirror pod may not reference secrets');
}

function mountToken(pod: Pod, random: () => number): void {
  const { spec } = pod;
  if (!spec) return;
  const lacking = [...(spec.initContainers ?? []), ...spec.containers].filter(
    (container) => !mounts(container),
  );
  if (lacking.length === 0) return;
  const existing = spec.volumes?.find(isTokenVolume);
  const volume = existing ?? tokenVolume(volumePrefix + suffix(random));
  if (!existing) spec.volumes = [...(spec.volumes ?? []), volume];
  for (const container of lacking) {
    const mount = { name: volume.name, readOnly: true, mountPath };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

function mounts(container: Container): boolean {
  return container.volumeMounts?.some((mount) => mount.mountPath === mountPath) ?? false;
}

function isTokenVolume({ name, projected }: Volume): boolean {
  return name.startsWith(volumePrefix) && (projected?.sources ?? []).some((each) => each.serviceAccountToken);
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: podTokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}

function suffix(random: () => number): string {
  const letter = () => suffixAlphabet[Math.floor(random() * suffixAlphabet.length)];
  return Array.from({ length: 5 }, letter).join('');
}
