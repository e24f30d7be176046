import { setPodTemplateDefaults } from '#defaults/pod-spec.ts';
import type { PodTemplate, ReplicationController } from '#types.generated.ts';
import {
  validatePodTemplateObject,
  validateReplicationController,
  validateReplicationControllerStatus,
  validateReplicationControllerUpdate,
} from '#validation/core/replication.ts';
import { nameWarnings, templateWarnings, workloadWarnings } from '#validation/pod/pod-warnings.ts';
import { behaviour } from '#kinds/behaviour.ts';
import {
  ageColumn,
  column,
  containerColumns,
  images,
  labelsText,
  nameColumn,
  names,
} from '#kinds/columns.ts';

export const replicationControllerBehaviour = behaviour<ReplicationController>({
  podOf: ({ spec }) => spec?.template?.spec,
  columns: [
    nameColumn,
    column<ReplicationController>('Desired', (rc) => rc.spec?.replicas ?? 0, { type: 'integer' }),
    column<ReplicationController>('Current', (rc) => rc.status?.replicas ?? 0, { type: 'integer' }),
    column<ReplicationController>('Ready', (rc) => rc.status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn,
    ...containerColumns<ReplicationController>((rc) => rc.spec?.template?.spec?.containers),
    column<ReplicationController>('Selector', (rc) => labelsText(rc.spec?.selector), { wide: true }),
  ],
  strategy: {
    setDefaults(rc) {
      const spec = (rc.spec ??= {});
      spec.replicas ??= 1;
      const labels = spec.template?.metadata?.labels;
      if (labels) {
        if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
        if (Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels };
      }
      setPodTemplateDefaults(spec.template);
      rc.status ??= { replicas: 0 };
    },
    validate: validateReplicationController,
    validateUpdate: validateReplicationControllerUpdate,
    validateStatus: validateReplicationControllerStatus,
    warnings: (rc, old) => workloadWarnings(rc, old, ({ spec }) => spec?.template, { named: true }),
    fieldValue: (rc, field) => (field === 'status.replicas' ? String(rc.status?.replicas ?? 0) : undefined),
  },
});

export const podTemplateBehaviour = behaviour<PodTemplate>({
  podOf: ({ template }) => template?.spec,
  columns: [
    nameColumn,
    column<PodTemplate>('Containers', (object) => names(object.template?.spec?.containers)),
    column<PodTemplate>('Images', (object) => images(object.template?.spec?.containers)),
    column<PodTemplate>('Pod Labels', (object) => labelsText(object.template?.metadata?.labels)),
  ],
  strategy: {
    setDefaults: (object) => setPodTemplateDefaults(object.template),
    validate: (object) => validatePodTemplateObject(object),
    validateUpdate: (object, old) => validatePodTemplateObject(object, old),
    warnings: ({ metadata, template }, old) =>
      old
        ? templateWarnings(template, 'template')
        : [...nameWarnings(metadata.name), ...templateWarnings(template, 'template')],
  },
});
