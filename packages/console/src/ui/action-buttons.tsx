import { MoreOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import type { RowAction } from '#table/row-action.ts';

const shownMax = 3;
/** Which of them is what one comes for, if it comes first. */
const main = new Set(['edit', 'addNodes', 'logs']);

/** What can be done to the thing that the page is about: the first as buttons, the others behind "More". */
export function ActionButtons({
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
    <>
      {shown.map((action, index) => (
        <Button
          key={action.id}
          type={index === 0 && main.has(action.id) ? 'primary' : 'default'}
          onClick={() => run(action)}
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
          <Button icon={<MoreOutlined />} aria-label={t('table.more', { name })} />
        </Dropdown>
      ) : null}
    </>
  );
}
