import type { Row } from '@skerry/center/contract';
import { Button } from 'antd';
import { mayDo } from '#actions/row-actions.ts';
import type { ApiObject } from '#api/objects.ts';
import { openDockTab } from '#app/dock-state.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { listAt, mapAt, numberAt, textAt, valueAt } from '#kinds/values.ts';
import { Card } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { StateTag } from '#ui/tone.tsx';
import { WriteButton } from '#ui/write-button.tsx';

interface ContainersOfProps {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly object: ApiObject;
  /** Tells what may be done to it. */
  readonly row: Row | undefined;
}

/** The containers of a pod or of a pod template; those of a pod with their state, logs and a terminal. */
export function ContainersOf({ cluster, kind, object, row }: ContainersOfProps) {
  const t = useT();
  const isPod = kind.resource === 'pods';
  const spec = isPod ? valueAt(object, 'spec') : valueAt(object, ...(kind.templatePath ?? ['none']), 'spec');
  const containers = [
    ...listAt(spec, 'initContainers').map((container) => ({ container, isInit: true })),
    ...listAt(spec, 'containers').map((container) => ({ container, isInit: false })),
  ];
  if (containers.length === 0) return null;
  const { name: pod, namespace = '' } = object.metadata;
  return (
    <Card title={t('containers.title')} isFlush>
      <PlainTable
        label={t('containers.title')}
        head={[
          t('column.name'),
          ...(isPod ? [t('column.state'), t('column.restarts')] : []),
          t('containers.image'),
          t('containers.requests'),
          t('containers.limits'),
          t('column.ports'),
          ...(isPod ? [t('column.actions')] : []),
        ]}
        rows={containers.map(({ container, isInit }) => {
          const name = textAt(container, 'name') ?? '';
          const status = statusOf(object, name);
          return {
            key: name,
            cells: [
              isInit ? `${name} (${t('containers.init')})` : name,
              ...(isPod
                ? [<ContainerState key="state" status={status} />, numberAt(status, 'restartCount') ?? 0]
                : []),
              <span key="image" className="mono">
                {textAt(container, 'image')}
              </span>,
              quantities(mapAt(container, 'resources', 'requests')),
              quantities(mapAt(container, 'resources', 'limits')),
              listAt(container, 'ports')
                .map((port) => `${textAt(port, 'containerPort') ?? ''}/${textAt(port, 'protocol') ?? 'TCP'}`)
                .join(', '),
              ...(isPod
                ? [
                    <span key="actions" style={{ whiteSpace: 'nowrap' }}>
                      <Button
                        type="link"
                        size="small"
                        aria-label={`${t('action.logs')}: ${name}`}
                        onClick={() =>
                          openDockTab({
                            kind: 'logs',
                            cluster,
                            namespace,
                            pod,
                            container: name,
                            title: `${pod}/${name}`,
                          })
                        }
                      >
                        {t('action.logs')}
                      </Button>
                      {mayDo(row ?? {}, 'terminal') ? (
                        <WriteButton
                          type="link"
                          size="small"
                          aria-label={`${t('action.terminal')}: ${name}`}
                          onClick={() =>
                            openDockTab({
                              kind: 'terminal',
                              cluster,
                              namespace,
                              pod,
                              container: name,
                              title: `${pod}/${name}`,
                            })
                          }
                        >
                          {t('action.terminal')}
                        </WriteButton>
                      ) : null}
                    </span>,
                  ]
                : []),
            ],
          };
        })}
      />
    </Card>
  );
}

function statusOf(pod: ApiObject, name: string): unknown {
  const all = [
    ...listAt(pod, 'status', 'containerStatuses'),
    ...listAt(pod, 'status', 'initContainerStatuses'),
  ];
  return all.find((status) => textAt(status, 'name') === name);
}

function ContainerState({ status }: { readonly status: unknown }) {
  const t = useT();
  const since = textAt(status, 'state', 'running', 'startedAt');
  if (since) {
    const isReady = valueAt(status, 'ready') === true;
    return (
      <StateTag state={isReady ? 'Running' : 'NotReady'} tone={isReady ? 'ok' : 'warning'} since={since} />
    );
  }
  const ended = valueAt(status, 'state', 'terminated');
  if (ended) {
    const code = numberAt(ended, 'exitCode') ?? 0;
    return (
      <StateTag
        state={textAt(ended, 'reason') ?? (code === 0 ? 'Completed' : 'Failed')}
        tone={code === 0 ? 'ok' : 'error'}
        why={t('containers.exit', { code })}
        since={textAt(ended, 'finishedAt') ?? ''}
      />
    );
  }
  const reason = textAt(status, 'state', 'waiting', 'reason');
  if (!reason) return <span className="muted">–</span>;
  return (
    <StateTag
      state={reason}
      tone={/BackOff|Err/.test(reason) ? 'error' : 'progressing'}
      why={textAt(status, 'state', 'waiting', 'message') ?? ''}
    />
  );
}

function quantities(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([name, quantity]) => `${name} ${quantity}`)
    .join(', ');
}
