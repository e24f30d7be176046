/** Takes in a cluster of elsewhere by its kubeconfig. */
import { links } from '@skerry/center/contract';
import { UploadOutlined } from '@ant-design/icons';
import { Button, Form, Input } from 'antd';
import { useRef } from 'react';
import { addressOf, createObject, management } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { managementKinds } from '#kinds/management.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page } from '#ui/page.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import styles from './clusters.module.css';

interface Fields {
  readonly name: string;
  readonly region?: string;
  readonly kubeconfig: string;
}

const namePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const fileBytesMax = 256 * 1024;

export function ImportCluster() {
  const t = useT();
  const go = useGo();
  const [form] = Form.useForm<Fields>();
  const file = useRef<HTMLInputElement>(null);
  const { isBusy, failure, submit } = useSubmit();
  const take = ({ name, region, kubeconfig }: Fields): Promise<void> =>
    submit(async () => {
      // The Secret first: its Cluster points at it by name.
      await request(addressOf(management, 'api/v1/namespaces/kube-system/secrets'), {
        method: 'POST',
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: `kubeconfig-${name}`, namespace: 'kube-system' },
          type: 'center.skerry.io/kubeconfig',
          stringData: { kubeconfig },
        },
      });
      await createObject(management, managementKinds.clusters, {
        apiVersion: 'center.skerry.io/v1',
        kind: 'Cluster',
        metadata: { name },
        spec: { type: 'imported', ...(region ? { region } : {}) },
      });
      await queryClient.invalidateQueries({ queryKey: ['clusters'] });
      go(links.clusters);
    });
  const read = async (chosen: File | undefined): Promise<void> => {
    if (!chosen) return;
    if (chosen.size > fileBytesMax)
      return form.setFields([{ name: 'kubeconfig', errors: [t('clusters.kubeconfig.tooLarge')] }]);
    form.setFields([{ name: 'kubeconfig', value: await chosen.text(), errors: [] }]);
  };
  return (
    <Page title={t('clusters.import')} intro={t('clusters.import.what')}>
      <Card>
        <Form form={form} layout="vertical" onFinish={(values) => void take(values)}>
          <div className={styles['form']}>
            <Form.Item
              name="name"
              label={t('column.name')}
              extra={t('clusters.name.rule')}
              rules={[{ required: true, pattern: namePattern, message: t('clusters.name.rule') }]}
            >
              <Input maxLength={63} autoFocus spellCheck={false} />
            </Form.Item>
            <Form.Item name="region" label={t('column.region')}>
              <Input maxLength={63} spellCheck={false} />
            </Form.Item>
          </div>
          <Form.Item
            name="kubeconfig"
            label="kubeconfig"
            extra={t('clusters.kubeconfig.rule')}
            rules={[{ required: true, max: fileBytesMax }]}
          >
            <Input.TextArea rows={12} spellCheck={false} style={{ fontFamily: 'var(--mono)' }} />
          </Form.Item>
          <FailureNote status={failure} />
          {/* A browser's own button speaks the browser's language. */}
          <input
            ref={file}
            style={{ display: 'none' }}
            type="file"
            data-testid="kubeconfig-file"
            accept=".yaml,.yml,.conf,.config,.kubeconfig,.json"
            onChange={(event) => void read(event.target.files?.[0])}
          />
          <div className={styles['buttons']}>
            <Button type="primary" htmlType="submit" loading={isBusy}>
              {t('clusters.import')}
            </Button>
            <Button icon={<UploadOutlined />} onClick={() => file.current?.click()}>
              {t('clusters.kubeconfig.file')}
            </Button>
          </div>
        </Form>
      </Card>
    </Page>
  );
}
