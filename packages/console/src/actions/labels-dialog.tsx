/** Labels and annotations of anything, taints of nodes. What is saved is the difference, against the version that was read. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Modal, Tabs } from 'antd';
import { useState } from 'react';
import { getObject, patchObject, type ApiObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { statusOf } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';
import { listAt } from '#kinds/values.ts';
import { Loading } from '#ui/states.tsx';
import { PairsEditor, pairsOf, toMap, type Pair } from '#ui/pairs-editor.tsx';
import { TaintsEditor, type Taint } from '#ui/taints-editor.tsx';
import { noteChange } from './changes.ts';
import type { DialogProps } from './run-dialog.tsx';

interface Edited {
  readonly labels: readonly Pair[];
  readonly annotations: readonly Pair[];
  readonly taints: readonly Taint[];
}

export function LabelsDialog({ dialog, onClose }: DialogProps) {
  const { cluster, kind } = dialog;
  const target = dialog.targets[0] ?? { name: '' };
  const t = useT();
  const [edited, setEdited] = useState<Edited>();
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const { data } = useQuery({
    queryKey: ['labels', cluster, kind.resource, target.namespace ?? '', target.name],
    queryFn: () => getObject(cluster, kind, target),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const now = edited ?? (data ? read(data) : undefined);
  const save = async (): Promise<void> => {
    if (!data || !now) return;
    setBusy(true);
    setFailure('');
    try {
      const after = await patchObject(
        cluster,
        kind,
        target,
        difference(data, now, kind.resource === 'nodes'),
      );
      if (kind.resource !== 'secrets')
        noteChange({ cluster, kind, place: target, what: 'edit', before: data, after });
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
      width={720}
      title={t('actions.labels.title', { name: target.name })}
      okText={t('action.save')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      okButtonProps={{ disabled: !edited }}
      onOk={() => void save()}
      onCancel={onClose}
    >
      {now ? (
        <Tabs
          items={[
            {
              key: 'labels',
              label: t('column.labels'),
              children: (
                <PairsEditor
                  label={t('column.labels')}
                  value={now.labels}
                  onChange={(labels) => setEdited({ ...now, labels })}
                />
              ),
            },
            ...(kind.resource === 'nodes'
              ? [
                  {
                    key: 'taints',
                    label: t('field.taints'),
                    children: (
                      <TaintsEditor value={now.taints} onChange={(taints) => setEdited({ ...now, taints })} />
                    ),
                  },
                ]
              : []),
            {
              key: 'annotations',
              label: t('field.annotations'),
              children: (
                <PairsEditor
                  label={t('field.annotations')}
                  value={now.annotations}
                  onChange={(annotations) => setEdited({ ...now, annotations })}
                />
              ),
            },
          ]}
        />
      ) : (
        <Loading />
      )}
      {failure ? <Alert type="error" showIcon title={failure} /> : null}
    </Modal>
  );
}

function read(object: ApiObject): Edited {
  return {
    labels: pairsOf(object.metadata.labels),
    annotations: pairsOf(object.metadata.annotations),
    taints: listAt(object, 'spec', 'taints') as readonly Taint[],
  };
}

/** A merge patch; `resourceVersion` makes a change by someone else meanwhile a conflict. */
function difference(
  { metadata }: ApiObject,
  { labels, annotations, taints }: Edited,
  hasTaints: boolean,
): object {
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      labels: mapDifference(metadata.labels, toMap(labels)),
      annotations: mapDifference(metadata.annotations, toMap(annotations)),
    },
    ...(hasTaints ? { spec: { taints: taints.length > 0 ? taints : null } } : {}),
  };
}

export function mapDifference(
  before: Readonly<Record<string, string>> = {},
  after: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const changed = Object.entries(after).filter(([key, value]) => before[key] !== value);
  const gone = Object.keys(before).filter((key) => !(key in after));
  return Object.fromEntries([...changed, ...gone.map((key): [string, null] => [key, null])]);
}
