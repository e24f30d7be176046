import type { AppArmorProfile, Pod } from '#types.generated.ts';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

/** Profiles were annotations before they were fields; a container without the field gets what its annotation says. */
export function takeAppArmorAnnotations({ metadata, spec }: Pod): void {
  if (!metadata.annotations || !spec || spec.os?.name === 'windows') return;
  const { initContainers = [], ephemeralContainers = [] } = spec;
  for (const container of [...initContainers, ...(spec.containers ?? []), ...ephemeralContainers]) {
    const text = metadata.annotations[prefix + container.name];
    const profile = text === undefined ? undefined : profileOf(text);
    if (!profile || container.securityContext?.appArmorProfile) continue;
    const { type, localhostProfile } = spec.securityContext?.appArmorProfile ?? {};
    if (type === profile.type && localhostProfile === profile.localhostProfile) continue;
    container.securityContext = { ...container.securityContext, appArmorProfile: profile };
  }
}

function profileOf(text: string): AppArmorProfile | undefined {
  if (text === 'unconfined') return { type: 'Unconfined' };
  if (text === 'runtime/default') return { type: 'RuntimeDefault' };
  return text.startsWith(localhost) && text.length > localhost.length
    ? { type: 'Localhost', localhostProfile: text.slice(localhost.length) }
    : undefined;
}
