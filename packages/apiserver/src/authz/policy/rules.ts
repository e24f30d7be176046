import type { PolicyRule } from '@skerry/api';

/** Lists in the short form that makes a policy readable: words separated by spaces; `core` is the group without a name. */
function words(text: string): string[] {
  return text.split(' ').map((word) => (word === 'core' ? '' : word));
}

export function rule(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups),
    resources: words(resources),
    ...(names ? { resourceNames: words(names) } : {}),
  };
}

export function pathRule(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) };
}

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const readWrite = 'create delete deletecollection get list patch update watch';
/** A rule for recording events, in both groups. */
export const eventsRule = rule('create patch update', 'core events.k8s.io', 'events');
