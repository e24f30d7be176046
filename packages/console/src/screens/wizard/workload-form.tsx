/** The steps of the wizard, over one object; the same whether it is made or edited. Beside them the object as text, both ways. */
import { Alert, Button, Drawer, Steps } from 'antd';
import { useState, type ReactNode } from 'react';
import { textOf, type KubernetesObject } from '#editor/object-text.ts';
import { YamlEditor } from '#editor/yaml-editor.tsx';
import { objectOf, YamlRefused } from '#editor/yaml-text.ts';
import { useT, type MessageId } from '#i18n/index.ts';
import { getAt, setAt } from '#workloads/object-path.ts';
import { kindOfWorkload, missingIn, templatePath } from '#workloads/workload.ts';
import { BasicsStep } from './basics-step.tsx';
import { ContainersStep } from './containers-step.tsx';
import type { Form } from './fields.tsx';
import { PlacementStep, useMatching } from './placement-step.tsx';
import { FixedTemplate, RolloutStep } from './rollout-step.tsx';
import styles from './wizard.module.css';

interface WorkloadFormProps {
  readonly cluster: string;
  readonly object: KubernetesObject;
  readonly onChange: (change: (object: KubernetesObject) => KubernetesObject) => void;
  readonly isNew: boolean;
  /** The last step: what would come of it, and the button that does it. */
  readonly review: ReactNode;
  /** When the last step is come to. */
  readonly onReview: () => void;
}

const steps = ['basics', 'containers', 'placement', 'rollout', 'review'] as const;

export function WorkloadForm({ cluster, object, onChange, isNew, review, onReview }: WorkloadFormProps) {
  const t = useT();
  const [step, setStep] = useState(0);
  const [isText, setText] = useState(false);
  const form: Form = {
    object,
    set: (path, value) => onChange((now) => setAt(now, path, value)),
  };
  const props = { cluster, form, object, isNew, onChange: (next: KubernetesObject) => onChange(() => next) };
  const missing = missingIn(object);
  const to = (next: number): void => {
    setStep(next);
    if (steps[next] === 'review') onReview();
  };
  const current = steps[step] ?? 'basics';
  return (
    <div className={styles['wizard']}>
      <div className={styles['top']}>
        <Steps
          size="small"
          current={step}
          onChange={(next) => {
            if (next < steps.length - 1 || missing.length === 0) to(next);
          }}
          items={steps.map((one, index) => ({
            title: t(`wizard.step.${one}`),
            disabled: index === steps.length - 1 && missing.length > 0,
          }))}
        />
        <Button onClick={() => setText(true)}>{t('wizard.asYaml')}</Button>
      </div>
      {isNew ? null : <FixedTemplate object={object} />}
      <div className={styles['step']}>
        {current === 'basics' ? <BasicsStep {...props} /> : null}
        {current === 'containers' ? <ContainersStep {...props} /> : null}
        {current === 'placement' ? <PlacementStep {...props} /> : null}
        {current === 'rollout' ? <RolloutStep {...props} /> : null}
        {current === 'review' ? review : null}
      </div>
      <div className={styles['foot']}>
        {step > 0 ? <Button onClick={() => to(step - 1)}>{t('action.back')}</Button> : null}
        {current === 'review' ? null : (
          <Button
            type="primary"
            onClick={() => to(step + 1)}
            disabled={current === 'rollout' && missing.length > 0}
          >
            {t('action.next')}
          </Button>
        )}
        {current === 'rollout' && missing.length > 0 ? (
          <span className="muted">{missing.map((one) => t(`wizard.missing.${one}`)).join(' ')}</span>
        ) : null}
        <NodeCount cluster={cluster} object={object} />
      </div>
      {isText ? (
        <TextDrawer
          cluster={cluster}
          object={object}
          onChange={props.onChange}
          onClose={() => setText(false)}
        />
      ) : null}
    </div>
  );
}

function NodeCount({ cluster, object }: { readonly cluster: string; readonly object: KubernetesObject }) {
  const t = useT();
  const { data } = useMatching({
    cluster,
    namespace: object.metadata?.namespace ?? 'default',
    template: (getAt(object, templatePath(object)) ?? {}) as object,
    daemonSet: object.kind === 'DaemonSet',
  });
  return data ? (
    <span className={styles['nodes']}>
      {t('wizard.matchingOf', { matching: data.matching, total: data.total })}
    </span>
  ) : null;
}

interface TextDrawerProps {
  readonly cluster: string;
  readonly object: KubernetesObject;
  readonly onChange: (object: KubernetesObject) => void;
  readonly onClose: () => void;
}

/** What is written is taken over as soon as it can be read. */
function TextDrawer({ cluster, object, onChange, onClose }: TextDrawerProps) {
  const t = useT();
  const [text, setText] = useState(() => textOf(object));
  const [fault, setFault] = useState('');
  const write = (next: string): void => {
    setText(next);
    const read = readWorkload(next);
    if (typeof read === 'string') setFault(t(`wizard.text.${read}` as MessageId));
    else {
      setFault('');
      onChange(read);
    }
  };
  return (
    <Drawer open onClose={onClose} title={t('wizard.asYaml')} size={720}>
      <div className={styles['text']}>
        {fault ? <Alert type="warning" showIcon title={fault} /> : null}
        <YamlEditor cluster={cluster} label={t('yaml.text')} value={text} onChange={write} />
      </div>
    </Drawer>
  );
}

function readWorkload(text: string): KubernetesObject | 'unreadable' | 'otherKind' {
  try {
    const object: KubernetesObject = objectOf(text);
    return kindOfWorkload(object) ? object : 'otherKind';
  } catch (error) {
    if (error instanceof YamlRefused) return 'unreadable';
    throw error;
  }
}
