/** Whether a node's pods stay when the link is cut, and for how long: annotations that the node and the controllers read. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Input, Modal, Switch } from 'antd';
import { useId, useState } from 'react';
import { getObject, patchObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { statusOf } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';
import { Loading } from '#ui/states.tsx';
import type { DialogProps } from './run-dialog.tsx';
import styles from './actions.module.css';

const autonomy = 'node.beta.openyurt.io/autonomy';
const duration = 'node.openyurt.io/autonomy-duration';

export function AutonomyDialog({ dialog, onClose }: DialogProps) {
  const { cluster, kind } = dialog;
  const target = dialog.targets[0] ?? { name: '' };
  const t = useT();
  const field = useId();
  const [edited, setEdited] = useState<{ isOn: boolean; forHowLong: string }>();
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const { data } = useQuery({
    queryKey: ['object', cluster, kind.resource, '', target.name],
    queryFn: () => getObject(cluster, kind, target),
  });
  const annotations = data?.metadata.annotations ?? {};
  const now = edited ?? {
    isOn: annotations[autonomy] === 'true' || annotations[duration] !== undefined,
    forHowLong: annotations[duration] ?? '',
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    setFailure('');
    try {
      await patchObject(cluster, kind, target, {
        metadata: {
          annotations: {
            [autonomy]: now.isOn ? 'true' : null,
            [duration]: now.isOn && now.forHowLong.trim() ? now.forHowLong.trim() : null,
          },
        },
      });
      await queryClient.invalidateQueries({ queryKey: ['object', cluster] });
      onClose();
    } catch (error) {
      setFailure(statusOf(error).message ?? '');
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={t('actions.autonomy.title', { name: target.name })}
      okText={t('action.save')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      okButtonProps={{ disabled: !edited }}
      onOk={() => void save()}
      onCancel={onClose}
    >
      {data ? (
        <>
          <p className="muted">{t('actions.autonomy.why')}</p>
          <p style={{ display: 'flex', gap: 10, marginTop: 12 }}>
            <Switch
              id={`${field}-on`}
              checked={now.isOn}
              onChange={(isOn) => setEdited({ ...now, isOn })}
              aria-label={t('actions.autonomy.on')}
            />
            <label htmlFor={`${field}-on`}>{t('actions.autonomy.on')}</label>
          </p>
          {now.isOn ? (
            <div className={styles['confirm']}>
              <label htmlFor={field}>{t('actions.autonomy.duration')}</label>
              <Input
                id={field}
                placeholder="24h"
                value={now.forHowLong}
                onChange={(event) => setEdited({ ...now, forHowLong: event.target.value })}
              />
            </div>
          ) : null}
        </>
      ) : (
        <Loading />
      )}
      {failure ? <Alert type="error" showIcon title={failure} style={{ marginTop: 12 }} /> : null}
    </Modal>
  );
}
