import type { ReactNode } from 'react';
import { TightContext, useFit } from './use-fit.ts';
import styles from './plain-table.module.css';

interface PlainTableProps {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
  /** Columns, by their place, whose values stand below each other by their ends. */
  readonly numbers?: readonly number[];
  /** Cells may break over lines, unless the table is one of short values. */
  readonly isTight?: boolean;
}

/** A table of what is at hand: no sorting, no pages. */
export function PlainTable({ label, head, rows, numbers = [], isTight = false }: PlainTableProps) {
  const { frame, isTight: isOver } = useFit(head.join('\n'));
  return (
    <div ref={frame} className={styles['scroll']} tabIndex={0} role="group" aria-label={label}>
      <TightContext value={isOver}>
        <table className={`${styles['table'] ?? ''} ${isTight ? (styles['tight'] ?? '') : ''}`}>
          <caption className="visually-hidden">{label}</caption>
          <thead>
            <tr>
              {head.map((title, index) => (
                // Titles may be empty, and the order never changes.
                // oxlint-disable-next-line react/no-array-index-key
                <th
                  key={index}
                  scope="col"
                  className={numbers.includes(index) ? styles['number'] : undefined}
                >
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, cells }) => (
              <tr key={key}>
                {cells.map((cell, index) => (
                  // As above.
                  // oxlint-disable-next-line react/no-array-index-key
                  <td key={index} className={numbers.includes(index) ? styles['number'] : undefined}>
                    {cell === undefined || cell === null || cell === '' ? (
                      <span className="muted">–</span>
                    ) : (
                      cell
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TightContext>
    </div>
  );
}
