import { links } from '@skerry/center/contract';
import { actionsOfRow } from '#actions/row-actions.ts';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { LiveTable } from '#table/live-table.tsx';

interface PodsOfProps {
  readonly cluster: string;
  readonly namespace: string;
  /** Of labels, in the form of lists. */
  readonly selector: string;
}

/** The pods that a selector finds, by region and pool. */
export function PodsOf({ cluster, namespace, selector }: PodsOfProps) {
  const t = useT();
  const kind = kindOf('pods');
  return (
    <LiveTable
      cluster={cluster}
      resource="pods"
      label={t('kind.pods')}
      isEmbedded
      fixed={{ namespace: [namespace], q: labelTokens(selector) }}
      defaultGroup="pool"
      linkOf={(row) => links.object(cluster, 'pods', row)}
      actionsOf={(row) => actionsOfRow(row, { cluster, kind, t })}
      empty={{ title: t('pods.none'), why: t('pods.none.why') }}
    />
  );
}

/** As the filter takes it; quotes keep `in (a,b)` together. */
export function labelTokens(selector: string): string {
  return `label:"${selector}"`;
}
