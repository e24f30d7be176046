import { MoreOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import type { RowAction } from './row-action.ts';
import styles from './table.module.css';

/** The first actions stand in the row, the others behind "More". */
const shownMax = 2;

export function RowActions({
  name,
  actions,
}: {
  readonly name: string;
  readonly actions: readonly RowAction[];
}) {
  const t = useT();
  const go = useGo();
  const run = (action: RowAction): void => {
    if (action.to) go(action.to);
    else action.run?.();
  };
  const shown = actions.filter((action) => !action.isDangerous).slice(0, shownMax);
  const more = actions.filter((action) => !shown.includes(action));
  return (
    <span className={styles['rowActions']}>
      {shown.map((action) => (
        <Button
          key={action.id}
          type="link"
          size="small"
          onClick={() => run(action)}
          aria-label={`${action.title}: ${name}`}
        >
          {action.title}
        </Button>
      ))}
      {more.length > 0 ? (
        <Dropdown
          trigger={['click']}
          menu={{
            items: more.map((action) => ({
              key: action.id,
              label: action.title,
              danger: action.isDangerous ?? false,
              onClick: () => run(action),
            })),
          }}
        >
          <Button type="text" size="small" icon={<MoreOutlined />} aria-label={t('table.more', { name })} />
        </Dropdown>
      ) : null}
    </span>
  );
}
