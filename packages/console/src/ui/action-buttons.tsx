import { Button } from 'antd';
import type { RowAction } from '#table/row-action.ts';
import { MoreActions, partActions, useOffered, useRunAction } from './more-actions.tsx';

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
  const run = useRunAction();
  const { shown, more } = partActions(useOffered(actions), shownMax);
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
      <MoreActions name={name} actions={more} />
    </>
  );
}
