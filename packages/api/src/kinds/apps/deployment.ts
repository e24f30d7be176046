import { setPodTemplateDefaults } from '#defaults/pod-spec.ts';
import type { Deployment, ReplicaSet } from '#types.generated.ts';
import {
  validateDeployment,
  validateDeploymentStatus,
  validateDeploymentUpdate,
  validateReplicaSet,
  validateReplicaSetStatus,
  validateReplicaSetUpdate,
} from '#validation/apps/deployment.ts';
import { workloadWarnings } from '#validation/pod/pod-warnings.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, containerColumns, nameColumn, selectorText } from '#kinds/columns.ts';

export const deploymentBehaviour = behaviour<Deployment>({
  podOf: ({ spec }) => spec?.template?.spec,
  columns: [
    nameColumn,
    column<Deployment>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    column<Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
    column<Deployment>('Available', ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<Deployment>(({ spec }) => spec?.template?.spec?.containers),
    column<Deployment>('Selector', ({ spec }) => selectorText(spec?.selector, ''), { wide: true }),
  ],
  strategy: {
    setDefaults(deployment) {
      deployment.status ??= {};
      const { spec } = deployment;
      if (!spec) return;
      spec.replicas ??= 1;
      const strategy = (spec.strategy ??= {});
      strategy.type ||= 'RollingUpdate';
      if (strategy.type === 'RollingUpdate') {
        const rolling = (strategy.rollingUpdate ??= {});
        rolling.maxUnavailable ??= '25%';
        rolling.maxSurge ??= '25%';
      }
      spec.revisionHistoryLimit ??= 10;
      spec.progressDeadlineSeconds ??= 600;
      setPodTemplateDefaults(spec.template);
    },
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
    validateStatus: validateDeploymentStatus,
    warnings: (next, old) => workloadWarnings(next, old, ({ spec }) => spec?.template, { named: true }),
  },
});

export const replicaSetBehaviour = behaviour<ReplicaSet>({
  podOf: ({ spec }) => spec?.template?.spec,
  columns: [
    nameColumn,
    column<ReplicaSet>('Desired', ({ spec }) => spec?.replicas ?? 0, { type: 'integer' }),
    column<ReplicaSet>('Current', ({ status }) => status?.replicas ?? 0, { type: 'integer' }),
    column<ReplicaSet>('Ready', ({ status }) => status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn,
    ...containerColumns<ReplicaSet>(({ spec }) => spec?.template?.spec?.containers),
    column<ReplicaSet>('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
  strategy: {
    setDefaults(replicaSet) {
      replicaSet.status ??= { replicas: 0 };
      if (!replicaSet.spec) return;
      replicaSet.spec.replicas ??= 1;
      setPodTemplateDefaults(replicaSet.spec.template);
    },
    validate: validateReplicaSet,
    validateUpdate: validateReplicaSetUpdate,
    validateStatus: validateReplicaSetStatus,
    warnings: (next, old) => workloadWarnings(next, old, ({ spec }) => spec?.template, { named: true }),
    fieldValue: ({ status }, field) =>
      field === 'status.replicas' ? String(status?.replicas ?? 0) : undefined,
  },
});
