import { useParams } from '@tanstack/react-router';
import { useT } from '#i18n/index.ts';
import { LiveTable } from '#table/live-table.tsx';
import { Page } from '#ui/page.tsx';

/** What happened lately, newest first. */
export function Events() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  return (
    <Page title={t('kind.events')} intro={t('events.none.why')}>
      <LiveTable
        cluster={cluster}
        resource="events"
        label={t('kind.events')}
        defaultSort="-last-seen"
        empty={{ title: t('events.none'), why: t('events.none.why') }}
      />
    </Page>
  );
}
