import { Button } from 'antd';
import { useContext } from 'react';
import { MoreActions, partActions, useOffered, useRunAction } from '#ui/more-actions.tsx';
import type { RowAction } from './row-action.ts';
import { TightContext } from '#ui/use-fit.ts';
import styles from './table.module.css';

const shownMax = 2;

/** The first actions stand in the row, where it has room for them; the others are behind "More". */
export function RowActions({
  name,
  actions,
}: {
  readonly name: string;
  readonly actions: readonly RowAction[];
}) {
  const run = useRunAction();
  const { shown, more } = partActions(useOffered(actions), useContext(TightContext) ? 0 : shownMax);
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
      <MoreActions name={name} actions={more} button={{ type: 'text', size: 'small' }} />
    </span>
  );
}
