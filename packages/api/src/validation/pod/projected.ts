/** Projected volumes: files of several sources in one folder, each at its own path. */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type {
  ClusterTrustBundleProjection,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '#types.generated.ts';
import {
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '#validation/faults.ts';
import { checkLabelSelector } from '#validation/label-selector.ts';
import { byteLength } from '#validation/object-meta.ts';
import { checkNotReserved } from '#validation/paths.ts';
import type { PodOptions } from '#validation/pod/options.ts';
import { checkDownwardFile, checkKeyToPath, checkMode } from '#validation/pod/volume-files.ts';
import { checkSignerName, checkTrustBundleName, isKubernetesSigner } from '#validation/signer-name.ts';

export function checkProjected(
  faults: FieldError[],
  volume: ProjectedVolumeSource,
  path: string,
  options: PodOptions,
): void {
  checkMode(faults, volume.defaultMode, `${path}.defaultMode`);
  const taken = new Set<string>();
  /** `told` is what the fault names: the source's name, or the path. */
  const take = (target: string, told: string): void => {
    if (taken.has(target)) faults.push(invalidValue(path, told, 'conflicting duplicate paths'));
    taken.add(target);
  };
  for (const [index, source] of (volume.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`;
    checkKeyed(faults, source, at, take);
    for (const file of source.downwardAPI?.items ?? []) {
      checkDownwardFile(faults, file, `${at}.downwardAPI`);
      if (file.path) take(file.path, file.path);
    }
    if (source.serviceAccountToken)
      checkToken(faults, source.serviceAccountToken, { path, at: `${at}.serviceAccountToken` }, options);
    if (source.clusterTrustBundle) {
      checkTrustBundle(faults, source.clusterTrustBundle, `${at}.clusterTrustBundle`);
      take(source.clusterTrustBundle.path ?? '', source.clusterTrustBundle.path ?? '');
    }
    if (source.podCertificate)
      checkPodCertificate(faults, source.podCertificate, `${at}.podCertificate`, take);
    if (Object.values(source).filter((one) => one !== undefined).length > 1)
      faults.push(forbiddenField(at, 'may not specify more than 1 volume type per source'));
  }
}

type Take = (target: string, told: string) => void;

function checkKeyed(faults: FieldError[], source: VolumeProjection, at: string, take: Take): void {
  for (const kind of ['secret', 'configMap'] as const) {
    const keyed = source[kind];
    if (!keyed) continue;
    if (!keyed.name) faults.push(required(`${at}.${kind}.name`));
    for (const [index, item] of (keyed.items ?? []).entries()) {
      checkKeyToPath(faults, item, `${at}.${kind}.items[${index}]`);
      if (item.path) take(item.path, keyed.name ?? '');
    }
  }
}

function checkToken(
  faults: FieldError[],
  { path: target, expirationSeconds = 0 }: ServiceAccountTokenProjection,
  { path, at }: { readonly path: string; readonly at: string },
  options: PodOptions,
): void {
  const seconds = `${at}.expirationSeconds`;
  if (expirationSeconds < 600)
    faults.push(invalidValue(seconds, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > 2 ** 32)
    faults.push(
      invalidValue(seconds, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'),
    );
  if (!target) faults.push(required(`${path}.path`));
  else if (!options.anyTokenPath) checkNotReserved(faults, target, `${path}.path`);
}

function checkTrustBundle(faults: FieldError[], bundle: ClusterTrustBundleProjection, at: string): void {
  const { name, signerName, labelSelector } = bundle;
  if (name !== undefined && signerName !== undefined) {
    const { optional, path } = bundle;
    faults.push(
      invalidValue(
        at,
        {
          Name: name,
          SignerName: signerName,
          LabelSelector: labelSelector ?? null,
          Optional: optional ?? null,
          Path: path,
        },
        'only one of name and signerName may be used',
      ),
    );
  } else if (name !== undefined) {
    if (name === '') faults.push(required(`${at}.name`, 'must be a valid object name'));
    checkTrustBundleName(faults, name, `${at}.name`);
    if (labelSelector)
      faults.push(
        invalidValue(
          `${at}.labelSelector`,
          labelSelector,
          'labelSelector must be unset if name is specified',
        ),
      );
  } else if (signerName !== undefined) {
    if (signerName === '') faults.push(required(`${at}.signerName`, 'must be a valid signer name'));
    checkSignerName(faults, signerName, `${at}.signerName`);
    checkLabelSelector(faults, labelSelector, `${at}.labelSelector`);
  } else faults.push(required(at, 'either name or signerName must be specified'));
  if (!bundle.path) faults.push(required(`${at}.path`));
  checkNotReserved(faults, bundle.path ?? '', `${at}.path`);
}

const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
const hourSeconds = 3600;
const daySeconds = 24 * hourSeconds;

function checkPodCertificate(
  faults: FieldError[],
  certificate: PodCertificateProjection,
  at: string,
  take: Take,
): void {
  const { signerName, keyType, maxExpirationSeconds: seconds } = certificate;
  checkSignerName(faults, signerName, `${at}.signerName`);
  checkUserAnnotations(faults, certificate.userAnnotations, `${at}.userAnnotations`);
  if (!keyTypes.includes(keyType)) faults.push(notSupported(`${at}.keyType`, keyType, keyTypes));
  if (seconds !== undefined) {
    const secondsMax = isKubernetesSigner(signerName) ? daySeconds : 91 * daySeconds;
    const secondsPath = `${at}.maxExpirationSeconds`;
    if (seconds < hourSeconds)
      faults.push(invalidValue(secondsPath, seconds, 'if provided, maxExpirationSeconds must be >= 3600'));
    if (seconds > secondsMax)
      faults.push(
        invalidValue(secondsPath, seconds, `if provided, maxExpirationSeconds must be <= ${secondsMax}`),
      );
  }
  let paths = 0;
  for (const field of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
    const target = certificate[field];
    if (!target) continue;
    paths += 1;
    checkNotReserved(faults, target, `${at}.${field}`);
    take(target, target);
  }
  if (paths === 0)
    faults.push(
      required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'),
    );
}

const annotationsBytesMax = 256 * 1024;

function checkUserAnnotations(
  faults: FieldError[],
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(annotations ?? {})) {
    const key = name.toLowerCase();
    const reasons = labelKeyFaults(key);
    if (key === '') faults.push(required(path));
    else if (reasons.length > 0) checkReasons(faults, path, key, reasons);
    else if (!key.includes('/'))
      faults.push(invalidValue(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")'));
    bytes += byteLength(name) + byteLength(value);
  }
  if (bytes > annotationsBytesMax) faults.push(tooLong(path, annotationsBytesMax));
}
