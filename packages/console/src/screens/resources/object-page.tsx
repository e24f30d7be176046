import { Tabs } from 'antd';
import type { ReactNode } from 'react';
import { actionsOfRow } from '#actions/row-actions.ts';
import { useMayAddNodes } from '#api/joining.ts';
import type { useObject } from '#api/objects.ts';
import { useGo } from '#app/link.tsx';
import { useSearchState } from '#app/search.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { ActionButtons } from '#ui/action-buttons.tsx';
import { FreshnessMark } from '#ui/freshness-mark.tsx';
import { Page } from '#ui/page.tsx';
import { StateTag } from '#ui/tone.tsx';

/** The frame of a page about one object: its name and state, what can be done to it, and tabs that stand in the address. */
export function ObjectPage({
  cluster,
  kind,
  name,
  subtitle,
  seen: { row, freshness },
  list,
  tabs,
}: {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly name: string;
  /** What it is, beside its name. */
  readonly subtitle: string;
  readonly seen: Pick<ReturnType<typeof useObject>, 'row' | 'freshness'>;
  /** Where to go when it is deleted. */
  readonly list: string;
  /** The first is shown unless the address says otherwise. */
  readonly tabs: readonly { readonly key: string; readonly label: string; readonly children: ReactNode }[];
}) {
  const t = useT();
  const go = useGo();
  const mayAddNodes = useMayAddNodes(cluster);
  const [search, change] = useSearchState();
  const state = row?.cells.find((cell) => cell !== null && typeof cell === 'object');
  const first = tabs[0]?.key;
  return (
    <Page
      title={name}
      mark={
        <>
          <span className="muted">{subtitle}</span>
          {state && typeof state === 'object' ? <StateTag {...state} /> : null}
          {freshness.state === 'stale' ? <FreshnessMark freshness={freshness} /> : null}
        </>
      }
      actions={
        row ? (
          <ActionButtons
            name={name}
            actions={actionsOfRow(row, { cluster, kind, t, mayAddNodes, onDeleted: () => go(list) })}
          />
        ) : null
      }
    >
      <Tabs
        activeKey={search.tab ?? first ?? ''}
        onChange={(tab) => change({ tab: tab === first ? undefined : tab }, { push: true })}
        destroyOnHidden
        items={[...tabs]}
      />
    </Page>
  );
}
