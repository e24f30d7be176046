import styles from './meter.module.css';

interface MeterProps {
  readonly label: string;
  /** 0 to 1. */
  readonly share: number;
  /** A second mark on the same scale: what is really used of what is promised. */
  readonly used?: number | undefined;
  readonly text: string;
}

/** How full something is, in words and as a bar. */
export function Meter({ label, share, used, text }: MeterProps) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div className={styles['meter']}>
      <span>{label}</span>
      <span className="muted">{text}</span>
      <svg role="img" aria-label={`${label}: ${percent} %`} viewBox="0 0 100 8" preserveAspectRatio="none">
        <rect className={styles['rail']} width="100" height="8" />
        <rect className={percent >= 90 ? styles['full'] : styles['share']} width={percent} height="8" />
        {used === undefined ? null : (
          <rect className={styles['used']} x={Math.min(99, Math.max(0, used * 100))} width="1" height="8" />
        )}
      </svg>
    </div>
  );
}
