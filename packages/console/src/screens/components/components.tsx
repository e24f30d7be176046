/** Components: what can be added to a cluster, in which version it is there, and whether it is well. */
import { paths, type ComponentAction, type ComponentEntry } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Button, Input } from 'antd';
import { useState } from 'react';
import { request } from '#api/request.ts';
import { useRights, type Right } from '#api/rights.ts';
import { translateIfKnown, useT } from '#i18n/index.ts';
import { clearable } from '#ui/clearable.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { ComponentDialog } from './component-dialog.tsx';
import styles from './components.module.css';

const pollMs = 5000;

interface Opened {
  readonly entry: ComponentEntry;
  readonly action: ComponentAction['action'];
}

export function Components() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const [filter, setFilter] = useState('');
  const [opened, setOpened] = useState<Opened>();
  const may = useRights(cluster, { whileUnknown: false });
  const { data, error, refetch } = useQuery({
    queryKey: ['components', cluster],
    queryFn: () => request<readonly ComponentEntry[]>(paths.components(cluster)),
    refetchInterval: pollMs,
  });
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const wanted = filter.trim().toLowerCase();
  const shown = data.filter(({ name, title, description }) =>
    `${name} ${title} ${description} ${translateIfKnown(`components.description.${name}`) ?? ''}`
      .toLowerCase()
      .includes(wanted),
  );
  return (
    <Page title={t('nav.components')} intro={t('components.what')}>
      <Stack>
        <Input
          data-filter
          allowClear={clearable}
          style={{ maxWidth: 360 }}
          aria-label={t('table.filter')}
          placeholder={t('components.filter')}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        {shown.length === 0 ? (
          <Card>
            <Empty title={t('table.noMatch')} why={t('table.noMatch.why')} mark="⌕">
              <Button onClick={() => setFilter('')}>{t('table.clearFilter')}</Button>
            </Empty>
          </Card>
        ) : null}
        <div className={styles['cards']}>
          {shown.map((entry) => (
            <ComponentCard
              key={entry.name}
              entry={entry}
              may={may}
              onOpen={(action) => setOpened({ entry, action })}
            />
          ))}
        </div>
      </Stack>
      {opened ? (
        <ComponentDialog
          cluster={cluster}
          entry={opened.entry}
          action={opened.action}
          onClose={() => setOpened(undefined)}
        />
      ) : null}
    </Page>
  );
}

function ComponentCard({
  entry,
  may,
  onOpen,
}: {
  readonly entry: ComponentEntry;
  readonly may: (right: Right) => boolean;
  readonly onOpen: (action: ComponentAction['action']) => void;
}) {
  const t = useT();
  const { installed, versions } = entry;
  const [newest] = versions;
  const named = (action: string): string => `${action}: ${entry.title}`;
  return (
    <Card
      title={entry.title}
      extra={installed ? <StateTag {...installed.state} /> : <StateTag state="notInstalled" tone="unknown" />}
    >
      <div className={styles['card']}>
        <p>{descriptionOf(entry)}</p>
        <p className="muted">
          {installed
            ? t('components.version', { version: installed.version })
            : t('components.newest', { version: newest ?? '–' })}
          {entry.requires.length > 0
            ? ` · ${t('components.requires', { names: entry.requires.join(', ') })}`
            : ''}
        </p>
        <div className={styles['buttons']}>
          {installed ? (
            <>
              {newest && newest !== installed.version ? (
                <WriteButton
                  isAllowed={may('update components.center.skerry.io')}
                  type="primary"
                  size="small"
                  aria-label={named(t('components.upgradeTo', { version: newest }))}
                  onClick={() => onOpen('upgrade')}
                >
                  {t('components.upgradeTo', { version: newest })}
                </WriteButton>
              ) : null}
              <WriteButton
                isAllowed={may('update components.center.skerry.io')}
                size="small"
                aria-label={named(t('components.configure'))}
                onClick={() => onOpen('configure')}
              >
                {t('components.configure')}
              </WriteButton>
              <WriteButton
                isAllowed={may('delete components.center.skerry.io')}
                size="small"
                danger
                aria-label={named(t('components.remove'))}
                onClick={() => onOpen('remove')}
              >
                {t('components.remove')}
              </WriteButton>
            </>
          ) : (
            <WriteButton
              isAllowed={may('create components.center.skerry.io')}
              type="primary"
              size="small"
              aria-label={named(t('components.install'))}
              onClick={() => onOpen('install')}
            >
              {t('components.install')}
            </WriteButton>
          )}
        </div>
      </div>
    </Card>
  );
}

/** In the language of the page, where it is one of the catalogue's own. */
function descriptionOf({ name, description }: ComponentEntry): string {
  return translateIfKnown(`components.description.${name}`) ?? description;
}
