import { Form, Input, Radio, Switch, type FormInstance } from 'antd';
import { useT } from '#i18n/index.ts';
import { PairsEditor, type Pair } from '#ui/pairs-editor.tsx';
import { TaintsEditor, type Taint } from '#ui/taints-editor.tsx';

export interface PoolFields {
  readonly name: string;
  readonly region?: string;
  readonly type: 'Edge' | 'Cloud';
  readonly interConnectivity?: boolean;
  readonly hostNetwork?: boolean;
  readonly labels?: readonly Pair[];
  readonly annotations?: readonly Pair[];
  readonly taints?: readonly Taint[];
}

export const regionLabel = 'topology.kubernetes.io/region';
const namePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

interface PoolFormProps {
  readonly form: FormInstance<PoolFields>;
  readonly initial: Partial<PoolFields>;
  /** Name, type and network stay as they are once the pool is there. */
  readonly isNew: boolean;
  readonly onSubmit: (fields: PoolFields) => void;
}

/** A pool's fields; a checked form, for making one and for changing one. */
export function PoolForm({ form, initial, isNew, onSubmit }: PoolFormProps) {
  const t = useT();
  return (
    <Form form={form} layout="vertical" initialValues={initial} onFinish={onSubmit} style={{ maxWidth: 720 }}>
      {isNew ? (
        <Form.Item
          name="name"
          label={t('column.name')}
          extra={t('pools.name.rule')}
          rules={[{ required: true, pattern: namePattern, message: t('pools.name.rule') }]}
        >
          <Input autoFocus maxLength={63} spellCheck={false} />
        </Form.Item>
      ) : null}
      <Form.Item
        name="region"
        label={t('column.region')}
        extra={t('pools.region.what')}
        rules={[{ required: true }]}
      >
        <Input maxLength={63} spellCheck={false} autoFocus={!isNew} />
      </Form.Item>
      {isNew ? (
        <>
          <Form.Item name="type" label={t('pools.type')}>
            <Radio.Group
              options={[
                { value: 'Edge', label: t('pools.type.edge') },
                { value: 'Cloud', label: t('pools.type.cloud') },
              ]}
            />
          </Form.Item>
          <Form.Item
            name="interConnectivity"
            label={t('pools.interConnectivity')}
            extra={t('pools.interConnectivity.what')}
            valuePropName="checked"
          >
            <Switch />
          </Form.Item>
          <Form.Item name="hostNetwork" label={t('pools.podNetwork')} extra={t('pools.podNetwork.what')}>
            <Radio.Group
              options={[
                { value: false, label: t('pools.podNetwork.container') },
                { value: true, label: t('pools.podNetwork.host') },
              ]}
            />
          </Form.Item>
        </>
      ) : null}
      <Form.Item name="labels" label={t('pools.labels')} extra={t('pools.labels.what')}>
        <PairsEditor label={t('pools.labels')} />
      </Form.Item>
      <Form.Item name="taints" label={t('field.taints')} extra={t('pools.taints.what')}>
        <TaintsEditor />
      </Form.Item>
      <Form.Item name="annotations" label={t('field.annotations')}>
        <PairsEditor label={t('field.annotations')} />
      </Form.Item>
    </Form>
  );
}
