import { setPodTemplateDefaults } from '#defaults/pod-spec.ts';
import type { DaemonSet, DaemonSetStatus } from '#types.generated.ts';
import {
  validateDaemonSet,
  validateDaemonSetStatus,
  validateDaemonSetUpdate,
} from '#validation/apps/daemon-set.ts';
import { sameJson } from '#validation/faults.ts';
import { templateWarnings } from '#validation/pod/pod-warnings.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, containerColumns, labelsText, nameColumn, selectorText } from '#kinds/columns.ts';

const emptyStatus = (): DaemonSetStatus => ({
  currentNumberScheduled: 0,
  desiredNumberScheduled: 0,
  numberMisscheduled: 0,
  numberReady: 0,
});

const count = (name: string, value: (status: DaemonSetStatus) => number | undefined) =>
  column<DaemonSet>(name, ({ status }) => (status ? (value(status) ?? 0) : 0), { type: 'integer' });

/** Written by ancient clients, read by the controller for pods' labels. */
export const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

export const daemonSetBehaviour = behaviour<DaemonSet>({
  podOf: ({ spec }) => spec?.template?.spec,
  columns: [
    nameColumn,
    count('Desired', (status) => status.desiredNumberScheduled),
    count('Current', (status) => status.currentNumberScheduled),
    count('Ready', (status) => status.numberReady),
    count('Up-to-date', (status) => status.updatedNumberScheduled),
    count('Available', (status) => status.numberAvailable),
    column<DaemonSet>('Node Selector', ({ spec }) => labelsText(spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns<DaemonSet>(({ spec }) => spec?.template?.spec?.containers),
    column<DaemonSet>('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
  strategy: {
    setDefaults(daemonSet) {
      daemonSet.status ??= emptyStatus();
      const { spec } = daemonSet;
      // Part of the spec in a stock server's own form, which tells it even where it was never counted.
      (daemonSet.metadata.annotations ??= {})[templateGenerationAnnotation] ??= '0';
      if (!spec) return;
      const strategy = (spec.updateStrategy ??= {});
      strategy.type ||= 'RollingUpdate';
      if (strategy.type === 'RollingUpdate') {
        const rolling = (strategy.rollingUpdate ??= {});
        rolling.maxUnavailable ??= 1;
        rolling.maxSurge ??= 0;
      }
      spec.revisionHistoryLimit ??= 10;
      setPodTemplateDefaults(spec.template);
    },
    prepareForCreate(daemonSet) {
      daemonSet.status = emptyStatus();
      const annotations = (daemonSet.metadata.annotations ??= {});
      if (Number(annotations[templateGenerationAnnotation] ?? 0) < 1)
        annotations[templateGenerationAnnotation] = '1';
    },
    prepareForUpdate(daemonSet, old) {
      const generation = Number(old.metadata.annotations?.[templateGenerationAnnotation] ?? 1);
      const changed = !sameJson(daemonSet.spec?.template, old.spec?.template);
      const annotations = (daemonSet.metadata.annotations ??= {});
      annotations[templateGenerationAnnotation] = String(changed ? generation + 1 : generation);
    },
    validate: validateDaemonSet,
    validateUpdate: validateDaemonSetUpdate,
    validateStatus: validateDaemonSetStatus,
    warnings: (next, old) =>
      old && sameJson(next.spec?.template, old.spec?.template) ? [] : templateWarnings(next.spec?.template),
  },
});
