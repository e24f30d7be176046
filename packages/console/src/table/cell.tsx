import type { Cell, Column } from '@skerry/center/contract';
import { Age } from '#ui/age.tsx';
import { StateTag } from '#ui/tone.tsx';
import styles from './table.module.css';

export function CellContent({ cell, column }: { readonly cell: Cell | undefined; readonly column: Column }) {
  if (cell === null || cell === undefined || cell === '') return <span className="muted">–</span>;
  if (typeof cell === 'object') return <StateTag {...cell} />;
  if (column.type === 'date' && typeof cell === 'string' && !Number.isNaN(Date.parse(cell)))
    return <Age since={cell} />;
  if (typeof cell === 'number')
    return <span className={styles['number']}>{cell.toLocaleString(document.documentElement.lang)}</span>;
  return (
    <span
      className={column.id === 'message' ? styles['long'] : styles['text']}
      title={cell.length > 40 ? cell : undefined}
    >
      {cell}
    </span>
  );
}

/** As text, for a file. */
export function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'object' ? cell.state : String(cell);
}
