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
