/** The frame of every screen: header, menu, scope, the screen itself, and the dock for logs and terminals below it. */
import { Outlet, useParams, useRouterState } from '@tanstack/react-router';
import { Suspense, useState } from 'react';
import { ActionDialogs } from '#actions/action-dialogs.tsx';
import { useT } from '#i18n/index.ts';
import { Beside, part } from '#ui/part.tsx';
import { Loading } from '#ui/states.tsx';
import { useDock } from './dock-state.ts';
import { Header } from './header.tsx';
import { useShortcuts } from './shortcuts.ts';
import { Sidebar } from './sidebar.tsx';
import { useLogLink } from './use-log-link.ts';
import styles from './shell.module.css';

const ScopeBar = part(async () => (await import('./scope-bar.tsx')).ScopeBar);
const Palette = part(async () => (await import('./palette.tsx')).Palette);
const ShortcutHelp = part(async () => (await import('./shortcut-help.tsx')).ShortcutHelp);
const UndoNotice = part(async () => (await import('#actions/undo-notice.tsx')).UndoNotice);
const StepUp = part(async () => (await import('./step-up.tsx')).StepUp);
const Dock = part(async () => (await import('#dock/dock.tsx')).Dock);

export function Shell() {
  const t = useT();
  const { cluster } = useParams({ strict: false }) as { cluster?: string };
  const path = useRouterState({ select: (state) => state.location.pathname });
  const shown = useRouterState({ select: (state) => state.resolvedLocation?.href });
  const [open, setOpen] = useState<'palette' | 'help' | 'menu' | undefined>();
  const dock = useDock();
  useLogLink(cluster);
  useShortcuts({ cluster, openPalette: () => setOpen('palette'), openHelp: () => setOpen('help') });
  return (
    <div className={styles['shell']}>
      <a className={styles['skip']} href="#content">
        {t('shell.skip')}
      </a>
      <Header
        cluster={cluster}
        onPalette={() => setOpen('palette')}
        onMenu={() => setOpen(open === 'menu' ? undefined : 'menu')}
        onHelp={() => setOpen('help')}
      />
      <div className={styles['body']}>
        <Sidebar
          cluster={cluster}
          path={path}
          isOpen={open === 'menu'}
          onClose={() => setOpen((now) => (now === 'menu' ? undefined : now))}
        />
        <div className={styles['column']}>
          {cluster ? (
            <Beside fallback={<div className={styles['scope']} />}>
              <ScopeBar cluster={cluster} />
            </Beside>
          ) : null}
          <main id="content" className={styles['content']} tabIndex={-1} data-shows={shown}>
            <Suspense fallback={<Loading />}>
              <Outlet />
            </Suspense>
          </main>
        </div>
      </div>
      {dock.tabs.length > 0 ? (
        <Beside>
          <Dock />
        </Beside>
      ) : null}
      <Beside key={open}>
        {open === 'palette' ? <Palette cluster={cluster} onClose={() => setOpen(undefined)} /> : null}
        {open === 'help' ? <ShortcutHelp onClose={() => setOpen(undefined)} /> : null}
      </Beside>
      <ActionDialogs />
      <Beside>
        <UndoNotice />
        <StepUp />
      </Beside>
    </div>
  );
}
