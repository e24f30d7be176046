/** Revisions of a workload, and the way back to one: a new revision with the old template, as `kubectl rollout undo` makes it. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Modal, Radio } from 'antd';
import { useState } from 'react';
import { queryClient } from '#api/queries.ts';
import { statusOf } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { fetchRevisions, rollBack } from './revisions.ts';
import type { DialogProps } from './run-dialog.tsx';
import styles from './actions.module.css';

export function HistoryDialog({ dialog, onClose }: DialogProps) {
  const { cluster, kind } = dialog;
  const target = dialog.targets[0] ?? { name: '' };
  const t = useT();
  const [chosen, setChosen] = useState<number>();
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const { data, error } = useQuery({
    queryKey: ['revisions', cluster, kind.resource, target.namespace ?? '', target.name],
    queryFn: () => fetchRevisions(cluster, kind, target),
  });
  const current = data?.[0]?.revision;
  const goBack = async (): Promise<void> => {
    const revision = data?.find((one) => one.revision === chosen);
    if (!revision) return;
    setBusy(true);
    setFailure('');
    try {
      await rollBack(cluster, kind, target, revision);
      await queryClient.invalidateQueries({ queryKey: ['revisions', cluster] });
      await queryClient.invalidateQueries({ queryKey: ['object', cluster] });
      onClose();
    } catch (caught) {
      setFailure(statusOf(caught).message ?? '');
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      width={760}
      title={t('actions.history.title', { name: target.name })}
      okText={t('action.rollback')}
      cancelText={t('action.close')}
      confirmLoading={isBusy}
      okButtonProps={{ disabled: chosen === undefined || chosen === current }}
      onOk={() => void goBack()}
      onCancel={onClose}
    >
      {error ? (
        <Failure error={error} />
      ) : !data ? (
        <Loading />
      ) : data.length === 0 ? (
        <Empty title={t('actions.history.none')} />
      ) : (
        <table className={styles['revisions']}>
          <thead>
            <tr>
              <th scope="col">{t('actions.history.revision')}</th>
              <th scope="col">{t('column.images')}</th>
              <th scope="col">{t('column.age')}</th>
              <th scope="col">{t('actions.history.cause')}</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ revision, images, created, cause }) => (
              <tr key={revision}>
                <td>
                  <Radio checked={(chosen ?? current) === revision} onChange={() => setChosen(revision)}>
                    {revision}
                    {revision === current ? ` (${t('actions.history.current')})` : ''}
                  </Radio>
                </td>
                <td className="mono">{images.join(', ')}</td>
                <td>
                  <Age since={created} />
                </td>
                <td>{cause ?? <span className="muted">–</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {failure ? <Alert type="error" showIcon title={failure} /> : null}
    </Modal>
  );
}
