import type { ReactNode } from 'react';
import styles from './page.module.css';

interface PageProps {
  readonly title: string;
  /** Beside the title: a state, what it is. */
  readonly mark?: ReactNode;
  readonly intro?: ReactNode;
  /** Buttons at the right of the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A screen: its title, which is the document's too, and what it is about. */
export function Page({ title, mark, intro, actions, children }: PageProps) {
  return (
    <>
      <title>{`${title} · Skerry`}</title>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <h1>{title}</h1>
          {mark}
        </div>
        {actions ? <div className={styles['actions']}>{actions}</div> : null}
      </header>
      {intro ? <p className={styles['intro']}>{intro}</p> : null}
      {children}
    </>
  );
}

export function Card({
  title,
  extra,
  children,
  isFlush = false,
}: {
  readonly title?: ReactNode;
  readonly extra?: ReactNode;
  readonly children: ReactNode;
  /** The content reaches the edge. */
  readonly isFlush?: boolean;
}) {
  return (
    <section className={styles['card']}>
      {title ? (
        <header>
          <h2>{title}</h2>
          {extra}
        </header>
      ) : null}
      <div className={isFlush ? undefined : styles['inside']}>{children}</div>
    </section>
  );
}

/** Cards side by side, as many as fit. */
export function Columns({ children }: { readonly children: ReactNode }) {
  return <div className={styles['columns']}>{children}</div>;
}

/** Below each other, with space between. */
export function Stack({ children }: { readonly children: ReactNode }) {
  return <div className={styles['stack']}>{children}</div>;
}

/** A name, a value, and whether they take a line of their own, beside the values of other lines. */
export type Fact = readonly [name: string, value: ReactNode, isWide?: boolean];

interface FactsProps {
  readonly of: readonly Fact[];
  /** Those that take a line of their own. */
  readonly wide?: readonly Fact[];
}

/** Names and values. */
export function Facts({ of, wide = [] }: FactsProps) {
  return (
    <dl className={styles['facts']}>
      {of.map((fact) => (
        <OneFact key={fact[0]} fact={fact} isWide={fact[2] ?? false} />
      ))}
      {wide.map((fact) => (
        <OneFact key={fact[0]} fact={fact} isWide />
      ))}
    </dl>
  );
}

function OneFact({
  fact: [name, value],
  isWide = false,
}: {
  readonly fact: Fact;
  readonly isWide?: boolean;
}) {
  return (
    <div className={isWide ? styles['wide'] : undefined}>
      <dt>{name}</dt>
      <dd>
        {value === undefined || value === null || value === '' ? <span className="muted">–</span> : value}
      </dd>
    </div>
  );
}
