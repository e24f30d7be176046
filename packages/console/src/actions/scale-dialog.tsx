import { Alert, InputNumber, Modal } from 'antd';
import { useId, useState } from 'react';
import { getObject, patchObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { statusOf } from '#api/status-error.ts';
import { useQuery } from '@tanstack/react-query';
import { useT } from '#i18n/index.ts';
import { numberAt } from '#kinds/values.ts';
import { Loading } from '#ui/states.tsx';
import { noteChange } from './changes.ts';
import type { DialogProps } from './run-dialog.tsx';

export function ScaleDialog({ dialog, onClose }: DialogProps) {
  const { cluster, kind } = dialog;
  const target = dialog.targets[0] ?? { name: '' };
  const t = useT();
  const field = useId();
  const [wanted, setWanted] = useState<number | null>(null);
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const { data } = useQuery({
    queryKey: ['object', cluster, kind.resource, target.namespace ?? '', target.name],
    queryFn: () => getObject(cluster, kind, target),
  });
  const current = numberAt(data, 'spec', 'replicas') ?? 1;
  const noteScale = async (): Promise<void> => {
    if (!data) return;
    const after = await getObject(cluster, kind, target).catch(() => undefined);
    if (after) noteChange({ cluster, kind, place: target, what: 'scale', before: data, after });
  };
  const scale = async (): Promise<void> => {
    setBusy(true);
    setFailure('');
    try {
      await patchObject(
        cluster,
        kind,
        target,
        { spec: { replicas: wanted ?? current } },
        { subresource: 'scale' },
      );
      await noteScale();
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
      title={t('actions.scale.title', { name: target.name })}
      okText={t('action.scale')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      okButtonProps={{ disabled: wanted === null || wanted === current }}
      onOk={() => void scale()}
      onCancel={onClose}
    >
      {data ? (
        <>
          <p>
            <label htmlFor={field}>{t('actions.scale.replicas', { current })}</label>
          </p>
          <InputNumber
            id={field}
            min={0}
            max={100_000}
            precision={0}
            value={wanted ?? current}
            onChange={setWanted}
            autoFocus
          />
        </>
      ) : (
        <Loading />
      )}
      {failure ? <Alert type="error" showIcon title={failure} style={{ marginTop: 12 }} /> : null}
    </Modal>
  );
}
