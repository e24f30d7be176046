import type { APIService, CustomResourceDefinition } from '#types.generated.ts';
import { apiServiceNameFaults, validateApiService } from '#validation/api-service.ts';
import {
  definitionNameFaults,
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionUpdate,
} from '#validation/crd.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, createdAtColumn, nameColumn } from '#kinds/columns.ts';

function setCrdDefaults(crd: CustomResourceDefinition): void {
  const { spec, status } = crd;
  if (!spec) return;
  const stored = storageVersion(crd);
  if (status && !status.storedVersions?.length && stored) status.storedVersions = [stored];
  if (spec.names) {
    spec.names.singular ||= spec.names.kind?.toLowerCase();
    spec.names.listKind ||= spec.names.kind ? `${spec.names.kind}List` : undefined;
  }
  const conversion = (spec.conversion ??= { strategy: 'None' });
  conversion.strategy ||= 'None';
  if (conversion.webhook?.clientConfig?.service) conversion.webhook.clientConfig.service.port ??= 443;
}

function storageVersion({ spec }: CustomResourceDefinition): string | undefined {
  return spec?.versions?.find(({ storage }) => storage)?.name;
}

export const customResourceDefinitionBehaviour = behaviour<CustomResourceDefinition>({
  columns: [nameColumn, createdAtColumn],
  knownFinalizers: false,
  strategy: {
    setDefaults: setCrdDefaults,
    prepareForCreate(crd) {
      const stored = storageVersion(crd);
      crd.status = {
        acceptedNames: { kind: '', plural: '' },
        conditions: [],
        storedVersions: stored === undefined ? [] : [stored],
      };
    },
    prepareForUpdate(crd) {
      const stored = storageVersion(crd);
      const versions = crd.status?.storedVersions ?? [];
      if (stored && crd.status && !versions.includes(stored))
        crd.status.storedVersions = [...versions, stored];
    },
    validate: (crd) => [...definitionNameFaults(crd), ...validateCustomResourceDefinition(crd)],
    validateUpdate: (crd, old) => [
      ...validateCustomResourceDefinition(crd),
      ...validateCustomResourceDefinitionUpdate(crd, old),
    ],
  },
});

export const apiServiceBehaviour = behaviour<APIService>({
  nameRule: apiServiceNameFaults,
  columns: [
    nameColumn,
    column<APIService>('Service', ({ spec }) =>
      spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local',
    ),
    column<APIService>('Available', ({ spec, status }) => {
      const available = status?.conditions?.find(({ type }) => type === 'Available');
      if (!available) return spec?.service ? 'Unknown' : 'True';
      return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
    }),
    ageColumn,
  ],
  knownFinalizers: false,
  strategy: {
    setDefaults({ spec }) {
      if (spec?.service) spec.service.port ??= 443;
    },
    validate: validateApiService,
  },
});
