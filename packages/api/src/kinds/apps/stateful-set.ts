import { setClaimSpecDefaults, setPodTemplateDefaults } from '#defaults/pod-spec.ts';
import type { ControllerRevision, StatefulSet } from '#types.generated.ts';
import { claimSpecWarnings } from '#validation/claim-warnings.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import {
  validateRevision,
  validateRevisionUpdate,
  validateStatefulSet,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from '#validation/apps/stateful-set.ts';
import { workloadWarnings } from '#validation/pod/pod-warnings.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, containerColumns, nameColumn } from '#kinds/columns.ts';

/** To replace several pods at once is a feature that is off unless asked for. */
function dropMaxUnavailable({ spec }: StatefulSet, old: StatefulSet | undefined): void {
  const rolling = spec?.updateStrategy?.rollingUpdate;
  if (rolling && old?.spec?.updateStrategy?.rollingUpdate?.maxUnavailable === undefined)
    delete rolling.maxUnavailable;
}

export const statefulSetBehaviour = behaviour<StatefulSet>({
  podOf: ({ spec }) => spec?.template?.spec,
  nameRule: dnsLabelFaults,
  columns: [
    nameColumn,
    column<StatefulSet>(
      'Ready',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    ),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec?.template?.spec?.containers),
  ],
  strategy: {
    setDefaults(statefulSet) {
      statefulSet.status ??= { replicas: 0 };
      const { spec } = statefulSet;
      if (!spec) return;
      spec.podManagementPolicy ||= 'OrderedReady';
      const strategy = (spec.updateStrategy ??= {});
      if (!strategy.type) {
        strategy.type = 'RollingUpdate';
        strategy.rollingUpdate ??= {};
      }
      if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
      const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
      retention.whenDeleted ||= 'Retain';
      retention.whenScaled ||= 'Retain';
      spec.replicas ??= 1;
      spec.revisionHistoryLimit ??= 10;
      for (const claim of spec.volumeClaimTemplates ?? []) {
        claim.apiVersion ??= 'v1';
        claim.kind ??= 'PersistentVolumeClaim';
        claim.status ??= {};
        claim.status.phase ||= 'Pending';
        if (claim.spec) setClaimSpecDefaults(claim.spec);
      }
      setPodTemplateDefaults(spec.template);
    },
    prepareForCreate: (set) => dropMaxUnavailable(set, undefined),
    prepareForUpdate: dropMaxUnavailable,
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    validateStatus: validateStatefulSetStatus,
    warnings: (next, old) => [
      ...workloadWarnings(next, old, ({ spec }) => spec?.template),
      ...(next.spec?.volumeClaimTemplates ?? []).flatMap(({ spec }, index) =>
        claimSpecWarnings(spec ?? {}, `spec.volumeClaimTemplates[${index}]${old ? '.Spec' : ''}`),
      ),
      ...((next.spec?.revisionHistoryLimit ?? 0) < 0
        ? [
            'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
          ]
        : []),
    ],
  },
});

function controllerText(revision: ControllerRevision): string {
  const owner = revision.metadata.ownerReferences?.find((reference) => reference.controller);
  if (!owner) return '<none>';
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  return `${owner.kind}${group}`.toLowerCase() + `/${owner.name}`;
}

export const controllerRevisionBehaviour = behaviour<ControllerRevision>({
  metaTold: 'twice',
  columns: [
    nameColumn,
    column<ControllerRevision>('Controller', controllerText),
    column<ControllerRevision>('Revision', (revision) => revision.revision),
    ageColumn,
  ],
  strategy: {
    validate: validateRevision,
    validateUpdate: validateRevisionUpdate,
  },
});
