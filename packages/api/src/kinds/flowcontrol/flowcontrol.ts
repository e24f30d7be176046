import type { FlowSchema, PriorityLevelConfiguration } from '#types.generated.ts';
import { validateFlowSchema, validateFlowStatus, validatePriorityLevel } from '#validation/flowcontrol.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, type Cell, column, nameColumn } from '#kinds/columns.ts';

export const flowSchemaBehaviour = behaviour<FlowSchema>({
  metaTold: 'never',
  columns: [
    nameColumn,
    column<FlowSchema>('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration?.name),
    column<FlowSchema>('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
    column<FlowSchema>('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    column<FlowSchema>(
      'MissingPL',
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ),
  ],
  // As they are tried.
  rowOrder: (a, b) =>
    (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0) ||
    ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  strategy: {
    setDefaults(flow) {
      if (flow.spec) flow.spec.matchingPrecedence ||= 1000;
      flow.status ??= {};
    },
    validate: validateFlowSchema,
    validateStatus: validateFlowStatus,
  },
});

type Limited = NonNullable<NonNullable<PriorityLevelConfiguration['spec']>['limited']>;

const limitedColumn = (name: string, value: (limited: Limited) => Cell | undefined) =>
  column<PriorityLevelConfiguration>(name, ({ spec }) => {
    const cell = spec?.limited ? value(spec.limited) : undefined;
    return cell ?? '<none>';
  });

export const priorityLevelConfigurationBehaviour = behaviour<PriorityLevelConfiguration>({
  metaTold: 'never',
  columns: [
    nameColumn,
    column<PriorityLevelConfiguration>('Type', ({ spec }) => spec?.type),
    limitedColumn('NominalConcurrencyShares', (limited) => limited.nominalConcurrencyShares),
    limitedColumn('Queues', (limited) => limited.limitResponse?.queuing?.queues),
    limitedColumn('HandSize', (limited) => limited.limitResponse?.queuing?.handSize),
    limitedColumn('QueueLengthLimit', (limited) => limited.limitResponse?.queuing?.queueLengthLimit),
    ageColumn,
  ],
  strategy: {
    setDefaults(level) {
      level.status ??= {};
      const { exempt, limited } = level.spec ?? {};
      if (exempt) {
        exempt.nominalConcurrencyShares ??= 0;
        exempt.lendablePercent ??= 0;
      }
      if (!limited) return;
      limited.nominalConcurrencyShares ??= 30;
      limited.lendablePercent ??= 0;
      const queuing = limited.limitResponse?.queuing;
      if (!queuing) return;
      queuing.handSize ||= 8;
      queuing.queues ||= 64;
      queuing.queueLengthLimit ||= 50;
    },
    validate: validatePriorityLevel,
    validateStatus: validateFlowStatus,
  },
});
