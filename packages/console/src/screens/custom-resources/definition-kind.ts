import { apiVersionText, type ResourceType } from '#api/cluster-types.ts';
import type { MessageId } from '#i18n/index.ts';
import type { ActionId, KindEntry } from '#kinds/kind.ts';

const actions: readonly ActionId[] = ['editYaml', 'labels', 'delete'];

export const definitionKind: KindEntry = {
  resource: 'customresourcedefinitions.apiextensions.k8s.io',
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  isNamespaced: false,
  title: 'crds.tab',
  section: 'cluster',
  actions,
};

/** A kind as discovery tells it, in the version that was chosen. */
export function kindEntryOf(type: ResourceType): KindEntry {
  const { group, version, plural, kind, isNamespaced, verbs } = type;
  return {
    resource: group === '' ? plural : `${plural}.${version}.${group}`,
    group,
    version,
    plural,
    kind,
    isNamespaced,
    title: kind as MessageId,
    section: 'cluster',
    actions: actions.filter((action) => verbs.includes(action === 'delete' ? 'delete' : 'update')),
  };
}

/** As it stands in the address: `apps.kruise.io/v1alpha1/daemonsets`. */
export function addressOfType(type: ResourceType): string {
  return `${apiVersionText(type)}/${type.plural}`;
}
