import { Alert } from 'antd';
import { useT } from '#i18n/index.ts';
import { getAt, textIn } from '#workloads/object-path.ts';
import { kindOfWorkload, templatePath, type WorkloadKind } from '#workloads/workload.ts';
import type { StepProps } from './basics-step.tsx';
import { CheckAt, NumberAt, NumberOrTextAt, SelectAt, TextAt, within, type Form } from './fields.tsx';
import styles from './wizard.module.css';

/** How a new version reaches the pods, or when jobs run. */
export function RolloutStep({ form, object }: StepProps) {
  const kind = kindOfWorkload(object) ?? 'Deployment';
  const t = useT();
  return (
    <div className={styles['stack']}>
      <div className={styles['grid']}>
        <OfKind kind={kind} form={form} />
        <NumberAt
          form={within(form, [...templatePath(object), 'spec'])}
          path={['terminationGracePeriodSeconds']}
          label={t('wizard.gracePeriod')}
          placeholder="30"
        />
        {kind === 'Job' || kind === 'CronJob' ? null : (
          <NumberAt
            form={form}
            path={['spec', 'revisionHistoryLimit']}
            label={t('wizard.historyLimit')}
            placeholder="10"
          />
        )}
      </div>
    </div>
  );
}

function OfKind({ kind, form }: { readonly kind: WorkloadKind; readonly form: Form }) {
  const spec = within(form, ['spec']);
  switch (kind) {
    case 'Deployment':
      return <OfDeployment form={spec} />;
    case 'StatefulSet':
      return <OfStatefulSet form={spec} />;
    case 'DaemonSet':
      return <OfDaemonSet form={form} />;
    case 'Job':
      return <OfJob form={spec} />;
    default:
      return <OfCronJob form={spec} />;
  }
}

function OfDeployment({ form }: { readonly form: Form }) {
  const t = useT();
  const isRolling = textIn(form.object, ['strategy', 'type']) !== 'Recreate';
  const change: Form = {
    object: form.object,
    set: (path, value) => {
      // Its parameters belong to RollingUpdate alone.
      if (path.join('.') === 'strategy.type' && value === 'Recreate')
        form.set(['strategy'], { type: 'Recreate' });
      else form.set(path, value);
    },
  };
  return (
    <>
      <SelectAt
        form={change}
        path={['strategy', 'type']}
        label={t('wizard.strategy')}
        options={strategies(t('wizard.byDefault'), ['RollingUpdate', 'Recreate'])}
      />
      {isRolling ? (
        <>
          <NumberOrTextAt
            form={form}
            path={['strategy', 'rollingUpdate', 'maxUnavailable']}
            label={t('wizard.maxUnavailable')}
            placeholder="25%"
          />
          <NumberOrTextAt
            form={form}
            path={['strategy', 'rollingUpdate', 'maxSurge']}
            label={t('wizard.maxSurge')}
            placeholder="25%"
          />
        </>
      ) : null}
      <NumberAt form={form} path={['minReadySeconds']} label={t('wizard.minReadySeconds')} placeholder="0" />
      <NumberAt
        form={form}
        path={['progressDeadlineSeconds']}
        label={t('wizard.progressDeadline')}
        placeholder="600"
      />
    </>
  );
}

function OfStatefulSet({ form }: { readonly form: Form }) {
  const t = useT();
  return (
    <>
      <SelectAt
        form={form}
        path={['updateStrategy', 'type']}
        label={t('wizard.strategy')}
        options={strategies(t('wizard.byDefault'), ['RollingUpdate', 'OnDelete'])}
      />
      <NumberAt
        form={form}
        path={['updateStrategy', 'rollingUpdate', 'partition']}
        label={t('wizard.partition')}
        hint={t('wizard.partition.hint')}
        placeholder="0"
      />
      <SelectAt
        form={form}
        path={['podManagementPolicy']}
        label={t('wizard.podManagement')}
        options={strategies(t('wizard.byDefault'), ['OrderedReady', 'Parallel'])}
      />
      <NumberAt form={form} path={['minReadySeconds']} label={t('wizard.minReadySeconds')} placeholder="0" />
    </>
  );
}

const updateAnnotation = 'apps.openyurt.io/update-strategy';
const maxUnavailableAnnotation = 'apps.openyurt.io/max-unavailable';

function OfDaemonSet({ form }: { readonly form: Form }) {
  const t = useT();
  const atEdge = textIn(form.object, ['metadata', 'annotations', updateAnnotation]);
  const type = textIn(form.object, ['spec', 'updateStrategy', 'type']);
  const choice: Form = {
    object: { choice: atEdge || type },
    set: (_, value) => {
      const isEdge = value === 'AdvancedRollingUpdate' || value === 'OTA';
      form.set(['metadata', 'annotations', updateAnnotation], isEdge ? value : undefined);
      if (value !== 'AdvancedRollingUpdate')
        form.set(['metadata', 'annotations', maxUnavailableAnnotation], undefined);
      if (isEdge || value === 'OnDelete') form.set(['spec', 'updateStrategy'], { type: 'OnDelete' });
      else form.set(['spec', 'updateStrategy'], value === undefined ? undefined : { type: value });
    },
  };
  return (
    <>
      <SelectAt
        form={choice}
        path={['choice']}
        label={t('wizard.strategy')}
        options={[
          ...strategies(t('wizard.byDefault'), ['RollingUpdate', 'OnDelete']),
          {
            value: 'AdvancedRollingUpdate',
            label: `AdvancedRollingUpdate – ${t('wizard.strategy.advanced')}`,
          },
          { value: 'OTA', label: `OTA – ${t('wizard.strategy.ota')}` },
        ]}
      />
      {atEdge === 'AdvancedRollingUpdate' ? (
        <TextAt
          form={form}
          path={['metadata', 'annotations', maxUnavailableAnnotation]}
          label={t('wizard.maxUnavailable')}
          placeholder="10%"
        />
      ) : null}
      {atEdge === '' && type !== 'OnDelete' ? (
        <>
          <NumberOrTextAt
            form={form}
            path={['spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable']}
            label={t('wizard.maxUnavailable')}
            placeholder="1"
          />
          <NumberOrTextAt
            form={form}
            path={['spec', 'updateStrategy', 'rollingUpdate', 'maxSurge']}
            label={t('wizard.maxSurge')}
            placeholder="0"
          />
        </>
      ) : null}
      <NumberAt
        form={form}
        path={['spec', 'minReadySeconds']}
        label={t('wizard.minReadySeconds')}
        placeholder="0"
      />
    </>
  );
}

function OfJob({ form }: { readonly form: Form }) {
  const t = useT();
  return (
    <>
      <NumberAt form={form} path={['completions']} label={t('column.completions')} placeholder="1" />
      <NumberAt form={form} path={['parallelism']} label={t('wizard.parallelism')} placeholder="1" />
      <NumberAt form={form} path={['backoffLimit']} label={t('wizard.backoffLimit')} placeholder="6" />
      <NumberAt form={form} path={['activeDeadlineSeconds']} label={t('wizard.activeDeadline')} min={1} />
      <NumberAt form={form} path={['ttlSecondsAfterFinished']} label={t('wizard.ttl')} />
    </>
  );
}

function OfCronJob({ form }: { readonly form: Form }) {
  const t = useT();
  return (
    <>
      <TextAt form={form} path={['schedule']} label={t('column.schedule')} hint={t('wizard.schedule.hint')} />
      <TextAt form={form} path={['timeZone']} label={t('wizard.timeZone')} placeholder="Asia/Tokyo" />
      <SelectAt
        form={form}
        path={['concurrencyPolicy']}
        label={t('wizard.concurrency')}
        options={strategies(t('wizard.byDefault'), ['Allow', 'Forbid', 'Replace'])}
      />
      <NumberAt form={form} path={['startingDeadlineSeconds']} label={t('wizard.startingDeadline')} />
      <NumberAt
        form={form}
        path={['jobTemplate', 'spec', 'backoffLimit']}
        label={t('wizard.backoffLimit')}
        placeholder="6"
      />
      <CheckAt form={form} path={['suspend']} label={t('column.suspend')} />
    </>
  );
}

function strategies(byDefault: string, names: readonly string[]): { value: string; label: string }[] {
  return [{ value: '', label: byDefault }, ...names.map((value) => ({ value, label: value }))];
}

/** What an edit of a job can't do is said before it is tried. */
export function FixedTemplate({ object }: { readonly object: object }) {
  const t = useT();
  return getAt(object, ['kind']) === 'Job' ? (
    <Alert type="info" showIcon title={t('wizard.jobFixed')} />
  ) : null;
}
