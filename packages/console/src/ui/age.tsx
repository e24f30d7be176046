import { Tooltip } from 'antd';
import { formatAge, formatInstant, useNowMs } from './time.ts';

/** How long ago; the instant on hover or focus. */
export function Age({ since }: { readonly since: string | undefined }) {
  const nowMs = useNowMs();
  if (!since) return <span className="muted">–</span>;
  return (
    <Tooltip title={formatInstant(since)}>
      <time dateTime={since}>{formatAge(nowMs - Date.parse(since))}</time>
    </Tooltip>
  );
}

/** The instant itself, and how long ago that is: where there is room for both. */
export function Since({ instant }: { readonly instant: string | undefined }) {
  const nowMs = useNowMs();
  if (!instant) return <span className="muted">–</span>;
  return (
    <time dateTime={instant} style={{ whiteSpace: 'nowrap' }}>
      {formatInstant(instant, 'short')}{' '}
      <span className="muted">({formatAge(nowMs - Date.parse(instant))})</span>
    </time>
  );
}
