/** Makes a hosted cluster in three steps; the last shows the object that is made, which does the same by the API. */
import { clusterVersions, links } from '@skerry/center/contract';
import { Button, Form, Input, InputNumber, Select, Steps, Switch } from 'antd';
import { useState } from 'react';
import { stringify } from 'yaml';
import { createObject, getObject, management } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { managementKinds, type ClusterObject } from '#kinds/management.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { overlap, parseCidr } from './cidr.ts';
import styles from './clusters.module.css';

interface Fields {
  readonly name: string;
  readonly displayName?: string;
  readonly region: string;
  readonly version?: string;
  readonly deletionProtection?: boolean;
  readonly podCIDR?: string;
  readonly serviceCIDR?: string;
  readonly port?: number;
  readonly advertise?: string[];
}

const fieldsOfStep: readonly (readonly (keyof Fields)[])[] = [
  ['name', 'displayName', 'region', 'version', 'deletionProtection'],
  ['podCIDR', 'serviceCIDR', 'port', 'advertise'],
  [],
];
const namePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export function CreateCluster() {
  const t = useT();
  const go = useGo();
  const [form] = Form.useForm<Fields>();
  const [step, setStep] = useState(0);
  const { isBusy, failure, submit } = useSubmit();
  const object = objectOf(Form.useWatch([], { form, preserve: true }) ?? {});
  const next = async (): Promise<void> => {
    await form.validateFields([...(fieldsOfStep[step] ?? [])] as string[]);
    setStep(step + 1);
  };
  const create = (): Promise<void> =>
    submit(async () => {
      await createObject(management, managementKinds.clusters, object);
      await queryClient.invalidateQueries({ queryKey: ['clusters'] });
      const task = await taskOf(object.metadata.name);
      go(task ? links.task(task) : links.clusters);
    });
  return (
    <Page title={t('clusters.create')} intro={t('clusters.create.what')}>
      <Stack>
        <Steps
          current={step}
          items={[
            { title: t('clusters.step.basics') },
            { title: t('clusters.step.network') },
            { title: t('clusters.step.confirm') },
          ]}
        />
        <FailureNote status={failure} />
        <Card>
          <Form
            form={form}
            layout="vertical"
            className={styles['form'] ?? ''}
            initialValues={{ deletionProtection: true, version: clusterVersions[0] }}
          >
            <div hidden={step !== 0}>
              <Form.Item
                name="name"
                label={t('column.name')}
                extra={t('clusters.name.rule')}
                rules={[{ required: true, pattern: namePattern, message: t('clusters.name.rule') }]}
              >
                <Input maxLength={63} autoFocus spellCheck={false} />
              </Form.Item>
              <Form.Item
                name="region"
                label={t('clusters.region')}
                extra={t('clusters.region.what')}
                rules={[{ required: true }]}
              >
                <Input maxLength={63} spellCheck={false} />
              </Form.Item>
              <Form.Item name="version" label={t('clusters.version')}>
                <Select options={clusterVersions.map((version) => ({ value: version }))} />
              </Form.Item>
              <Form.Item name="displayName" label={t('clusters.displayName')}>
                <Input maxLength={63} />
              </Form.Item>
              <Form.Item
                name="deletionProtection"
                label={t('clusters.protection')}
                valuePropName="checked"
                extra={t('clusters.protection.what')}
              >
                <Switch />
              </Form.Item>
            </div>
            <div hidden={step !== 1}>
              <Form.Item
                name="podCIDR"
                label={t('clusters.podCidr')}
                extra={t('clusters.cidr.what')}
                rules={[cidrRule(t('clusters.cidr.wrong'))]}
              >
                <Input placeholder="10.244.0.0/16" spellCheck={false} />
              </Form.Item>
              <Form.Item
                name="serviceCIDR"
                label={t('clusters.serviceCidr')}
                dependencies={['podCIDR']}
                extra={t('clusters.cidr.what')}
                rules={[
                  cidrRule(t('clusters.cidr.wrong')),
                  ({ getFieldValue }) => ({
                    validator: (_, value?: string) =>
                      overlap(value ?? '', (getFieldValue('podCIDR') as string | undefined) ?? '')
                        ? Promise.reject(new Error(t('clusters.cidr.overlap')))
                        : Promise.resolve(),
                  }),
                ]}
              >
                <Input placeholder="10.96.0.0/16" spellCheck={false} />
              </Form.Item>
              <Form.Item name="port" label={t('clusters.port')} extra={t('clusters.port.what')}>
                <InputNumber min={1} max={65_535} precision={0} />
              </Form.Item>
              <Form.Item
                name="advertise"
                label={t('clusters.advertise')}
                extra={t('clusters.advertise.what')}
              >
                <Select mode="tags" open={false} suffixIcon={null} />
              </Form.Item>
            </div>
          </Form>
          {step === 2 ? <Confirm yaml={stringify(object)} /> : null}
          <div className={styles['buttons']}>
            {step > 0 ? <Button onClick={() => setStep(step - 1)}>{t('action.back')}</Button> : null}
            {step < 2 ? (
              <Button type="primary" onClick={() => void next().catch(() => undefined)}>
                {t('action.next')}
              </Button>
            ) : (
              <Button type="primary" loading={isBusy} onClick={() => void create()}>
                {t('action.create')}
              </Button>
            )}
          </div>
        </Card>
      </Stack>
    </Page>
  );
}

function Confirm({ yaml }: { readonly yaml: string }) {
  const t = useT();
  return (
    <div>
      <div className={styles['yamlHead']}>
        <p className="muted">{t('clusters.confirm.what')}</p>
        <CopyButton text={yaml} />
      </div>
      <pre className={styles['yaml']} tabIndex={0} aria-label="YAML">
        {yaml}
      </pre>
    </div>
  );
}

function cidrRule(message: string) {
  return {
    validator: (_: unknown, value?: string) =>
      !value || parseCidr(value) ? Promise.resolve() : Promise.reject(new Error(message)),
  };
}

function objectOf({ name = '', ...fields }: Partial<Fields>) {
  const spec = Object.fromEntries(
    Object.entries({ type: 'hosted', ...fields }).filter(
      ([, value]) =>
        value !== undefined &&
        value !== null &&
        value !== '' &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
  return { apiVersion: 'center.skerry.io/v1', kind: 'Cluster', metadata: { name }, spec };
}

const attemptsMax = 60;
const betweenMs = 300;

/** The center makes a task of it at once; its steps are what there is to see. */
async function taskOf(name: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const { status } = await getObject<ClusterObject>(management, managementKinds.clusters, { name });
    if (status?.task) return status.task;
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
  return undefined;
}
