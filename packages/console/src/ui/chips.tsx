import styles from './chips.module.css';

/** Labels and the like, as `key=value`. */
export function Chips({ of }: { readonly of: Readonly<Record<string, string>> | undefined }) {
  const entries = Object.entries(of ?? {});
  if (entries.length === 0) return <span className="muted">–</span>;
  return (
    <ul className={styles['chips']}>
      {entries.map(([key, value]) => (
        <li key={key}>
          <span className="muted">{key}</span>
          {value ? `=${value}` : ''}
        </li>
      ))}
    </ul>
  );
}
