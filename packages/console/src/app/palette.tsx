/** Ctrl+K: go to a screen or to any object of any cluster, or do something, by typing a part of its name. */
import { paths, type SearchHit } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Modal } from 'antd';
import { useDeferredValue, useId, useState, type KeyboardEvent } from 'react';
import { request } from '#api/request.ts';
import { useT, type Translate } from '#i18n/index.ts';
import { useGo } from './link.tsx';
import { useMenu, type MenuSection } from './sidebar.tsx';
import { setThemeChoice } from './theme.ts';
import styles from './palette.module.css';

interface Entry {
  readonly key: string;
  readonly title: string;
  readonly detail: string;
  readonly run: () => void;
}

const entriesMax = 40;

export function Palette({
  cluster,
  onClose,
}: {
  readonly cluster: string | undefined;
  readonly onClose: () => void;
}) {
  const t = useT();
  const go = useGo();
  const list = useId();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const wanted = useDeferredValue(text.trim());
  const hits = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => request<readonly SearchHit[]>(paths.search, { query: { q: wanted }, signal }),
    enabled: wanted.length >= 2,
    placeholderData: (previous) => previous,
  });
  const inCluster = useMenu(cluster);
  const inFleet = useMenu(undefined);
  const entries = [
    ...screenEntries({ t, go, cluster, inCluster, inFleet }).filter((entry) => matches(entry.title, wanted)),
    ...(wanted.length >= 2 ? (hits.data ?? []) : []).map((hit): Entry => ({
      key: `${hit.cluster}/${hit.resource}/${hit.namespace ?? ''}/${hit.name}`,
      title: hit.name,
      detail: [hit.kind, hit.namespace, hit.cluster].filter(Boolean).join(' · '),
      run: () => go(hit.link),
    })),
  ].slice(0, entriesMax);
  const at = Math.min(chosen, entries.length - 1);
  const run = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setChosen(Math.min(at + 1, entries.length - 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(at - 1, 0));
    else if (event.key === 'Enter') run(entries[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal
      open
      footer={null}
      closable={false}
      onCancel={onClose}
      width={620}
      title={<span className="visually-hidden">{t('palette.title')}</span>}
      className={styles['palette'] ?? ''}
    >
      <input
        // oxlint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        className={styles['input']}
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={entries[at] ? `${list}-${at}` : undefined}
        aria-label={t('palette.title')}
        placeholder={t('palette.placeholder')}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
      />
      <ul id={list} role="listbox" aria-label={t('palette.title')} className={styles['list']}>
        {entries.map((entry, index) => (
          <li
            key={entry.key}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            className={styles['entry']}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(entry)}
            ref={index === at ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
          >
            <span>{entry.title}</span>
            <span className="muted">{entry.detail}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 ? (
        <p className={styles['none']}>
          {hits.isFetching ? t('state.loading') : t('palette.none', { text: wanted })}
        </p>
      ) : null}
    </Modal>
  );
}

interface Screens {
  readonly t: Translate;
  readonly go: (to: string) => void;
  readonly cluster: string | undefined;
  readonly inCluster: readonly MenuSection[];
  readonly inFleet: readonly MenuSection[];
}

function screenEntries({ t, go, cluster, inCluster, inFleet }: Screens): Entry[] {
  const ofCluster = (cluster ? inCluster : []).flatMap(({ items }) =>
    items.map((item) => ({ item, detail: cluster ?? '' })),
  );
  const ofFleet = inFleet.flatMap(({ items }) => items.map((item) => ({ item, detail: t('scope.fleet') })));
  const screens = [...ofCluster, ...ofFleet].map(({ item, detail }): Entry => ({
    key: `screen ${detail} ${item.to}`,
    title: t(item.title),
    detail,
    run: () => go(item.to),
  }));
  const create: Entry[] = cluster
    ? [
        { key: 'yaml', title: t('yaml.create'), detail: cluster, run: () => go(`/c/${cluster}/yaml`) },
        { key: 'create', title: t('wizard.create'), detail: cluster, run: () => go(`/c/${cluster}/create`) },
        { key: 'pool', title: t('pools.create'), detail: cluster, run: () => go(`/c/${cluster}/pools/new`) },
      ]
    : [
        {
          key: 'cluster',
          title: t('clusters.create'),
          detail: t('scope.fleet'),
          run: () => go('/clusters/new'),
        },
      ];
  const themes = (['light', 'dark', 'system'] as const).map((theme): Entry => ({
    key: `theme ${theme}`,
    title: `${t('settings.theme')}: ${t(`theme.${theme}`)}`,
    detail: t('nav.settings'),
    run: () => setThemeChoice(theme),
  }));
  return [...screens, ...create, ...themes];
}

/** All words of what is typed stand in the title, in any order. */
function matches(title: string, wanted: string): boolean {
  const lower = title.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
