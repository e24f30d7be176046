import { Radio } from 'antd';
import { links } from '@skerry/center/contract';
import { useGo } from '#app/link.tsx';
import type { KubernetesObject } from '#editor/object-text.ts';
import { useT } from '#i18n/index.ts';
import { NamespaceField } from '#screens/yaml/create-from-yaml.tsx';
import { textIn } from '#workloads/object-path.ts';
import {
  kindOfWorkload,
  named,
  templatePath,
  withKind,
  workloadFacts,
  workloadKinds,
  type WorkloadKind,
} from '#workloads/workload.ts';
import { Input, Select } from 'antd';
import { Field, NumberAt, PairsAt, TextAt, type Form } from './fields.tsx';
import styles from './wizard.module.css';

export interface StepProps {
  readonly cluster: string;
  readonly form: Form;
  readonly object: KubernetesObject;
  readonly onChange: (object: KubernetesObject) => void;
  readonly isNew: boolean;
}

export function BasicsStep({ cluster, form, object, onChange, isNew }: StepProps) {
  const t = useT();
  const go = useGo();
  const kind = kindOfWorkload(object) ?? 'Deployment';
  const namespace = object.metadata?.namespace ?? 'default';
  const toYaml = (): void =>
    go(
      `${links.cluster(cluster)}/yaml?kind=${workloadFacts[kind].resource}&in=${encodeURIComponent(namespace)}`,
    );
  return (
    <div className={styles['grid']}>
      {isNew ? (
        <>
          <NamespaceField
            cluster={cluster}
            value={namespace}
            onChange={(value) => form.set(['metadata', 'namespace'], value)}
          />
          <Field label={t('wizard.method')}>
            {(id) => (
              <Radio.Group
                id={id}
                optionType="button"
                value="image"
                options={[
                  { value: 'image', label: t('wizard.method.image') },
                  { value: 'yaml', label: t('wizard.method.yaml') },
                ]}
                onChange={(event) => (event.target.value === 'yaml' ? toYaml() : undefined)}
              />
            )}
          </Field>
          <Field label={t('wizard.name')} hint={t('wizard.name.hint')}>
            {(id) => (
              <Input
                id={id}
                value={textIn(object, ['metadata', 'name'])}
                spellCheck={false}
                maxLength={253}
                onChange={(event) => onChange(named(object, event.target.value.trim()))}
              />
            )}
          </Field>
          <Field label={t('column.type')} hint={t(`wizard.type.${kind}`)}>
            {(id) => (
              <Select
                id={id}
                value={kind}
                options={workloadKinds.map((value) => ({ value, label: value }))}
                onChange={(value: WorkloadKind) => onChange(withKind(object, value))}
              />
            )}
          </Field>
        </>
      ) : null}
      {workloadFacts[kind].hasReplicas ? (
        <NumberAt form={form} path={['spec', 'replicas']} label={t('column.replicas')} placeholder="1" />
      ) : null}
      {kind === 'CronJob' ? (
        <TextAt
          form={form}
          path={['spec', 'schedule']}
          label={t('column.schedule')}
          hint={t('wizard.schedule.hint')}
        />
      ) : null}
      {kind === 'StatefulSet' && isNew ? (
        <TextAt form={form} path={['spec', 'serviceName']} label={t('wizard.serviceName')} />
      ) : null}
      <PairsAt form={form} path={['metadata', 'labels']} label={t('column.labels')} />
      <PairsAt form={form} path={['metadata', 'annotations']} label={t('wizard.annotations')} />
      <PairsAt
        form={form}
        path={[...templatePath(object), 'metadata', 'annotations']}
        label={t('wizard.podAnnotations')}
      />
    </div>
  );
}
