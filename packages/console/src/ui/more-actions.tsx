import { MoreOutlined } from '@ant-design/icons';
import { Button, Dropdown, type ButtonProps } from 'antd';
import { useParams } from '@tanstack/react-router';
import { useReadOnly } from '#api/read-only.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import type { RowAction } from '#table/row-action.ts';

/** Does what an action says: goes there, or runs it. */
export function useRunAction(): (action: RowAction) => void {
  const go = useGo();
  return (action) => {
    if (action.to) go(action.to);
    else action.run?.();
  };
}

/** What is offered of it: in read-only mode, what changes nothing. */
export function useOffered(actions: readonly RowAction[]): readonly RowAction[] {
  const { cluster } = useParams({ strict: false }) as { cluster?: string };
  return useReadOnly(cluster) ? actions.filter(({ isReading }) => isReading) : actions;
}

/** The first actions, which are shown, and the others, which are behind "More": all that destroy are among them. */
export function partActions(
  actions: readonly RowAction[],
  shownMax: number,
): { readonly shown: readonly RowAction[]; readonly more: readonly RowAction[] } {
  const shown = actions.filter((action) => !action.isDangerous && !action.isInMenu).slice(0, shownMax);
  const more = actions.filter((action) => !shown.includes(action));
  return {
    shown,
    more: [
      ...more.filter(({ isDangerous }) => !isDangerous),
      ...more.filter(({ isDangerous }) => isDangerous),
    ],
  };
}

/** The button that opens the menu of the others; nothing where there are none. */
export function MoreActions({
  name,
  actions,
  button = {},
}: {
  readonly name: string;
  readonly actions: readonly RowAction[];
  readonly button?: Pick<ButtonProps, 'type' | 'size'>;
}) {
  const t = useT();
  const run = useRunAction();
  if (actions.length === 0) return null;
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: actions.map((action) => ({
          key: action.id,
          label: action.title,
          danger: action.isDangerous ?? false,
          onClick: () => run(action),
        })),
      }}
    >
      <Button {...button} icon={<MoreOutlined />} aria-label={t('table.more', { name })} />
    </Dropdown>
  );
}
