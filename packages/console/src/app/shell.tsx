/** The frame of every screen: header, menu, scope, the screen itself, and the dock for logs and terminals below it. */
import { Outlet, useParams, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { ActionDialogs } from '#actions/action-dialogs.tsx';
import { useT } from '#i18n/index.ts';
import { Loading } from '#ui/states.tsx';
import { useDock } from './dock-state.ts';
import { Header } from './header.tsx';
import { useShortcuts } from './shortcuts.ts';
import { Sidebar } from './sidebar.tsx';
import styles from './shell.module.css';

const ScopeBar = lazy(async () => ({ default: (await import('./scope-bar.tsx')).ScopeBar }));
const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));
const ShortcutHelp = lazy(async () => ({ default: (await import('./shortcut-help.tsx')).ShortcutHelp }));
const UndoNotice = lazy(async () => ({ default: (await import('#actions/undo-notice.tsx')).UndoNotice }));
const StepUp = lazy(async () => ({ default: (await import('./step-up.tsx')).StepUp }));
const Dock = lazy(async () => ({ default: (await import('#dock/dock.tsx')).Dock }));

export function Shell() {
  const t = useT();
  const { cluster } = useParams({ strict: false }) as { cluster?: string };
  const path = useRouterState({ select: (state) => state.location.pathname });
  const shown = useRouterState({ select: (state) => state.resolvedLocation?.href });
  const [open, setOpen] = useState<'palette' | 'help' | 'menu' | undefined>();
  const dock = useDock();
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
            <Suspense fallback={<div className={styles['scope']} />}>
              <ScopeBar cluster={cluster} />
            </Suspense>
          ) : null}
          <main id="content" className={styles['content']} tabIndex={-1} data-shows={shown}>
            <Suspense fallback={<Loading />}>
              <Outlet />
            </Suspense>
          </main>
        </div>
      </div>
      <Suspense fallback={null}>
        {dock.tabs.length > 0 ? <Dock /> : null}
        {open === 'palette' ? <Palette cluster={cluster} onClose={() => setOpen(undefined)} /> : null}
        {open === 'help' ? <ShortcutHelp onClose={() => setOpen(undefined)} /> : null}
        <ActionDialogs />
        <UndoNotice />
        <StepUp />
      </Suspense>
    </div>
  );
}
