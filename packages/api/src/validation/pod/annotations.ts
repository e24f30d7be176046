/** Annotations that mean something for a pod: older spellings of what have become fields, and the cost of deleting it. */
import type { FieldError } from '#status.ts';
import type { PodSpec, SeccompProfile } from '#types.generated.ts';
import { forbiddenField, invalidValue, quoted } from '#validation/faults.ts';
import { checkDescending } from '#validation/paths.ts';
import { deletionCostAnnotation, isDeletionCost, type PodOptions } from '#validation/pod/options.ts';
import { containersWithPaths } from '#validation/pod/windows.ts';

type Annotations = Readonly<Record<string, string>>;

export const mirrorAnnotation = 'kubernetes.io/config.mirror';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

export function checkPodAnnotations(
  faults: FieldError[],
  annotations: Annotations | undefined,
  spec: PodSpec,
  path: string,
  options: PodOptions,
): void {
  if (!annotations) return;
  const mirror = annotations[mirrorAnnotation];
  if (mirror !== undefined && !spec.nodeName)
    faults.push(
      invalidValue(
        `${path}[${mirrorAnnotation}]`,
        mirror,
        'must set spec.nodeName if mirror pod annotation is set',
      ),
    );
  const cost = annotations[deletionCostAnnotation];
  if (!options.anyDeletionCost && !isDeletionCost(cost))
    faults.push(invalidValue(`${path}[${deletionCostAnnotation}]`, cost, 'must be a 32bit integer'));
  for (const key in annotations) {
    const value = annotations[key] ?? '';
    if (key === seccompPod || key.startsWith(seccompContainer))
      checkSeccompText(faults, value, `${path}.${key}`);
    else if (key.startsWith(appArmorContainer)) checkAppArmorText(faults, key, value, spec, path);
  }
}

function checkSeccompText(faults: FieldError[], text: string, path: string): void {
  if (text === 'runtime/default' || text === 'docker/default' || text === 'unconfined') return;
  if (text.startsWith(localhost)) checkDescending(faults, text.slice(localhost.length), path);
  else faults.push(invalidValue(path, text, 'must be a valid seccomp profile'));
}

function checkAppArmorText(
  faults: FieldError[],
  key: string,
  text: string,
  spec: PodSpec,
  path: string,
): void {
  const name = key.slice(appArmorContainer.length);
  const at = `${path}[${key}]`;
  const known = [...containersWithPaths(spec, '')].some(({ container }) => container.name === name);
  if (!known) faults.push(invalidValue(at, name, 'container not found'));
  if (text !== '' && text !== 'runtime/default' && text !== 'unconfined' && !text.startsWith(localhost))
    faults.push(invalidValue(at, text, `invalid AppArmor profile name: ${quoted(text)}`));
}

/** What is fixed with a pod's creation. */
export function checkPodAnnotationsUpdate(
  faults: FieldError[],
  annotations: Annotations = {},
  old: Annotations = {},
  path: string,
): void {
  for (const key in old) {
    if (annotations[key] === old[key]) continue;
    if (key.startsWith(appArmorContainer))
      faults.push(forbiddenField(`${path}[${key}]`, 'may not remove or update AppArmor annotations'));
    if (key === mirrorAnnotation)
      faults.push(forbiddenField(`${path}[${key}]`, 'may not remove or update mirror pod annotation'));
  }
  for (const key in annotations) {
    if (old[key] !== undefined) continue;
    if (key.startsWith(appArmorContainer))
      faults.push(forbiddenField(`${path}[${key}]`, 'may not add AppArmor annotations'));
    if (key === mirrorAnnotation)
      faults.push(forbiddenField(`${path}[${key}]`, 'may not add mirror pod annotation'));
  }
}

const fieldValues: Readonly<Record<string, readonly string[]>> = {
  RuntimeDefault: ['runtime/default', 'docker/default'],
  Unconfined: ['unconfined'],
};

/** Annotation and field must not contradict each other. */
export function checkProfilesAgree(
  faults: FieldError[],
  annotations: Annotations | undefined,
  spec: PodSpec,
  path: string,
): void {
  if (!annotations) return;
  const agree = (kind: 'seccomp' | 'apparmor', key: string, profile: SeccompProfile, at: string): void => {
    const text = annotations[key];
    if (text === undefined) return;
    const other = 'in annotation and field must match';
    if (profile.type === 'Localhost') {
      if (!text.startsWith(localhost)) faults.push(forbiddenField(`${at}.type`, `${kind} type ${other}`));
      else if (text.slice(localhost.length) !== profile.localhostProfile)
        faults.push(forbiddenField(`${at}.localhostProfile`, `${kind} profile ${other}`));
    } else {
      const allowed = fieldValues[profile.type ?? ''];
      const texts = kind === 'apparmor' ? allowed?.slice(0, 1) : allowed;
      if (texts && !texts.includes(text)) faults.push(forbiddenField(`${at}.type`, `${kind} type ${other}`));
    }
  };
  const context = spec.securityContext;
  if (context?.seccompProfile)
    agree('seccomp', seccompPod, context.seccompProfile, `${path}.securityContext.seccompProfile`);
  for (const { container, at } of containersWithPaths(spec, path)) {
    const profile = container.securityContext?.seccompProfile;
    if (profile)
      agree(
        'seccomp',
        `${seccompContainer}${container.name}`,
        profile,
        `${at}.securityContext.seccompProfile`,
      );
  }
  if (spec.os?.name === 'windows') return;
  for (const { container, at } of containersWithPaths(spec, path)) {
    const profile = container.securityContext?.appArmorProfile ?? context?.appArmorProfile;
    if (profile)
      agree(
        'apparmor',
        `${appArmorContainer}${container.name}`,
        profile,
        `${at}.securityContext.appArmorProfile`,
      );
  }
}
