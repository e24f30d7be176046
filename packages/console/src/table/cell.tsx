import type { Cell, Column } from '@skerry/center/contract';
import { translateIfKnown } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { StateTag } from '#ui/tone.tsx';
import styles from './table.module.css';

/** Columns whose texts are longer than others, or matter less. */
const widths: Readonly<Record<string, 'long' | 'short'>> = { message: 'long', pools: 'short' };

export function CellContent({ cell, column }: { readonly cell: Cell | undefined; readonly column: Column }) {
  if (cell === null || cell === undefined || cell === '') return <span className="muted">–</span>;
  if (typeof cell === 'object') return <StateTag {...cell} />;
  if (column.type === 'date' && typeof cell === 'string' && !Number.isNaN(Date.parse(cell)))
    return <Age since={cell} />;
  if (typeof cell === 'number')
    return <span className={styles['number']}>{cell.toLocaleString(document.documentElement.lang)}</span>;
  return (
    <span className={styles[widths[column.id] ?? 'text']} title={cell.length > 40 ? cell : undefined}>
      {translateIfKnown(`value.${cell}`) ?? cell}
    </span>
  );
}

/** As text, for a file. */
export function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'object' ? cell.state : String(cell);
}
