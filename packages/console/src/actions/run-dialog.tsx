/** Asks, does it to one or many, and shows what came of each. What destroys for good wants a name typed. */
import { Alert, Button, Input, Modal } from 'antd';
import { useId, useState } from 'react';
import { deleteObject, getObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { useT } from '#i18n/index.ts';
import { isRemakable, noteChange } from './changes.ts';
import type { ActionDialog, Target } from './dialog-state.ts';
import { drain } from './drain.ts';
import { OutcomeList } from './outcome-list.tsx';
import { useRunMany } from './run-many.ts';
import { simpleWrites } from './simple-writes.ts';
import styles from './actions.module.css';

export interface DialogProps {
  readonly dialog: ActionDialog;
  readonly onClose: () => void;
}

/** Kinds whose deletion takes much with it. */
const typedKinds = new Set([
  'namespaces',
  'nodes',
  'nodepools.apps.openyurt.io',
  'persistentvolumes',
  'persistentvolumeclaims',
  'customresourcedefinitions.apiextensions.k8s.io',
  'clusters.center.skerry.io',
]);
type RunAction = keyof typeof simpleWrites | 'delete' | 'drain';
const dangerous: ReadonlySet<RunAction> = new Set<RunAction>(['delete', 'drain']);

/** What can be made again is read first, so that its deletion can be taken back. */
async function deleteAndNote({
  cluster,
  kind,
  target,
}: Pick<ActionDialog, 'cluster' | 'kind'> & { target: Target }): Promise<void> {
  const before = isRemakable(kind.resource)
    ? await getObject(cluster, kind, target).catch(() => undefined)
    : undefined;
  await deleteObject(cluster, kind, target);
  if (before && !before.metadata.ownerReferences?.length)
    noteChange({ cluster, kind, place: target, what: 'delete', before });
}

export function RunDialog({ dialog, onClose }: DialogProps) {
  const { cluster, kind, targets, onDone } = dialog;
  // The others have dialogs of their own.
  const action = dialog.action as RunAction;
  const t = useT();
  const field = useId();
  const [typed, setTyped] = useState('');
  const many = useRunMany(targets);
  const isDangerous = dangerous.has(action);
  const mustType = action === 'delete' && (typedKinds.has(kind.resource) || targets.length > 5);
  const wanted = targets.length === 1 ? (targets[0]?.name ?? '') : String(targets.length);
  const act = async (target: Target, say: (message: string) => void): Promise<unknown> => {
    if (action === 'delete') return deleteAndNote({ cluster, kind, target });
    if (action === 'drain') {
      const words = { left: (count: number) => t('actions.drain.left', { count }) };
      return drain(cluster, target.name, { say, isStopped: many.isStopped, words });
    }
    return simpleWrites[action](cluster, kind, target);
  };
  const start = async (): Promise<void> => {
    const isDone = await many.run(act);
    await queryClient.invalidateQueries({ queryKey: ['object', cluster] });
    if (isDone) onDone?.();
    if (isDone && targets.length === 1) onClose();
  };
  const leave = (): void => {
    many.stop();
    onClose();
  };
  return (
    <Modal
      open
      title={
        targets.length === 1
          ? t(`actions.${action}.title`, { name: targets[0]?.name ?? '' })
          : t('actions.many', { action: t(`action.${action}`), count: targets.length })
      }
      onCancel={leave}
      footer={
        many.phase === 'over' ? (
          <Button type="primary" onClick={onClose}>
            {t('action.close')}
          </Button>
        ) : (
          [
            <Button key="cancel" onClick={leave}>
              {many.phase === 'running' ? t('actions.stop') : t('action.cancel')}
            </Button>,
            <Button
              key="ok"
              type="primary"
              danger={isDangerous}
              loading={many.phase === 'running'}
              disabled={mustType && typed !== wanted}
              onClick={() => void start()}
            >
              {t(`action.${action}`)}
            </Button>,
          ]
        )
      }
    >
      <p>{t(`actions.${action}.why`)}</p>
      {many.phase === 'asking' ? (
        <>
          <ul className={styles['targets']}>
            {targets.map(({ namespace, name }) => (
              <li key={`${namespace ?? ''}/${name}`}>{namespace ? `${namespace}/${name}` : name}</li>
            ))}
          </ul>
          {mustType ? (
            <div className={styles['confirm']}>
              <Alert type="warning" showIcon title={t('actions.delete.takesMuch')} />
              <label htmlFor={field}>{t('actions.typeToConfirm', { wanted })}</label>
              <Input
                id={field}
                value={typed}
                autoComplete="off"
                onChange={(event) => setTyped(event.target.value)}
              />
            </div>
          ) : null}
        </>
      ) : (
        <OutcomeList outcomes={many.outcomes} />
      )}
    </Modal>
  );
}
