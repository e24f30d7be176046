import type { MessageId } from '#i18n/index.ts';

export type Section = 'nodes' | 'workloads' | 'network' | 'config' | 'storage' | 'access' | 'cluster';

/** What can be done to an object of a kind, beside what every object allows: YAML, labels, deletion. */
export type ActionId =
  | 'edit'
  | 'editYaml'
  | 'scale'
  | 'restart'
  | 'pause'
  | 'resume'
  | 'history'
  | 'logs'
  | 'terminal'
  | 'suspend'
  | 'unsuspend'
  | 'runNow'
  | 'cordon'
  | 'uncordon'
  | 'drain'
  | 'labels'
  | 'autonomy'
  | 'addNodes'
  | 'delete';

export interface KindEntry {
  /** Name of its view and in addresses: `daemonsets.apps`. */
  readonly resource: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly title: MessageId;
  readonly section: Section;
  /** In the order they are offered; the first stands in the row itself, the others behind "More". */
  readonly actions: readonly ActionId[];
  /** Where its pod template is, for those that have one. */
  readonly templatePath?: readonly string[];
}

export function resourceName(group: string, plural: string): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** `/apis/apps/v1` or `/api/v1`, without the slash at the start. */
export function groupVersionPath({ group, version }: { group: string; version: string }): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Path of a collection or, with a name, of an object, for `paths.kubernetes`. */
export function objectPath(
  kind: Pick<KindEntry, 'group' | 'version' | 'plural' | 'isNamespaced'>,
  { namespace, name, subresource }: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const parts = [groupVersionPath(kind)];
  if (kind.isNamespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(kind.plural);
  if (name) parts.push(encodeURIComponent(name));
  if (subresource) parts.push(subresource);
  return parts.join('/');
}
