/**
 * The dock below the screen: logs and terminals in tabs. It stays while one goes from screen to screen, and every tab goes on while
 * another is shown.
 */
import {
  CloseOutlined,
  DownOutlined,
  UpOutlined,
  FullscreenOutlined,
  FullscreenExitOutlined,
} from '@ant-design/icons';
import { Button } from 'antd';
import { useState, type KeyboardEvent, type PointerEvent } from 'react';
import { activateDockTab, closeDockTab, useDock, type DockTab } from '#app/dock-state.ts';
import { useT } from '#i18n/index.ts';
import { Beside, part } from '#ui/part.tsx';
import { Loading } from '#ui/states.tsx';
import { LogView } from './log-view.tsx';
import styles from './dock.module.css';

const TerminalView = part(async () => (await import('./terminal-view.tsx')).TerminalView);

const heightMin = 140;
const heightStep = 40;

export function Dock() {
  const t = useT();
  const { tabs, active } = useDock();
  const [height, setHeight] = useState(320);
  const [size, setSize] = useState<'open' | 'folded' | 'full'>('open');
  const change = (next: number): void =>
    setHeight(Math.min(Math.max(next, heightMin), window.innerHeight - 120));
  return (
    <section
      className={`${styles['dock'] ?? ''} ${styles[size] ?? ''}`}
      style={size === 'open' ? { height } : undefined}
      aria-label={t('dock.title')}
    >
      {size === 'open' ? <Grip height={height} onChange={change} /> : null}
      <div className={styles['head']}>
        <Tabs
          tabs={tabs}
          active={active}
          onChoose={() => (size === 'folded' ? setSize('open') : undefined)}
        />
        <Button
          type="text"
          size="small"
          icon={size === 'full' ? <FullscreenExitOutlined /> : <FullscreenOutlined />}
          aria-label={t(size === 'full' ? 'dock.restore' : 'dock.full')}
          onClick={() => setSize(size === 'full' ? 'open' : 'full')}
        />
        <Button
          type="text"
          size="small"
          icon={size === 'folded' ? <UpOutlined /> : <DownOutlined />}
          aria-label={t(size === 'folded' ? 'dock.unfold' : 'dock.fold')}
          aria-expanded={size !== 'folded'}
          onClick={() => setSize(size === 'folded' ? 'open' : 'folded')}
        />
      </div>
      {tabs.map((tab) => (
        <div
          key={tab.id}
          id={`dock-panel-${tab.id}`}
          role="tabpanel"
          aria-labelledby={`dock-tab-${tab.id}`}
          className={styles['panel']}
          hidden={tab.id !== active || size === 'folded'}
        >
          <Beside fallback={<Loading />}>
            {tab.kind === 'logs' ? (
              <LogView tab={tab} />
            ) : (
              <TerminalView tab={tab} isShown={tab.id === active && size !== 'folded'} />
            )}
          </Beside>
        </div>
      ))}
    </section>
  );
}

interface TabsProps {
  readonly tabs: readonly DockTab[];
  readonly active: string | undefined;
  readonly onChoose: () => void;
}

function Tabs({ tabs, active, onChoose }: TabsProps) {
  const t = useT();
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const index = tabs.findIndex(({ id }) => id === active);
    const next = tabs[(index + by + tabs.length) % tabs.length];
    if (by === 0 || !next) return;
    activateDockTab(next.id);
    document.getElementById(`dock-tab-${next.id}`)?.focus();
    event.preventDefault();
  };
  return (
    <div className={styles['tabs']}>
      <div role="tablist" aria-label={t('dock.title')} className={styles['tablist']} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`dock-tab-${tab.id}`}
            type="button"
            role="tab"
            className={styles['tab']}
            aria-selected={tab.id === active}
            aria-controls={`dock-panel-${tab.id}`}
            tabIndex={tab.id === active ? 0 : -1}
            title={`${tab.cluster} / ${tab.namespace}`}
            onClick={() => {
              activateDockTab(tab.id);
              onChoose();
            }}
            onAuxClick={() => closeDockTab(tab.id)}
          >
            {t(tab.kind === 'logs' ? 'dock.logs' : 'dock.terminal', { name: tab.title })}
          </button>
        ))}
      </div>
      {active ? (
        <Button
          type="text"
          size="small"
          icon={<CloseOutlined />}
          aria-label={t('dock.close', { name: tabs.find(({ id }) => id === active)?.title ?? '' })}
          onClick={() => closeDockTab(active)}
        />
      ) : null}
    </div>
  );
}

/** The upper edge, which can be drawn, or moved with the arrow keys. */
function Grip({
  height,
  onChange,
}: {
  readonly height: number;
  readonly onChange: (height: number) => void;
}) {
  const t = useT();
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowUp') onChange(height + heightStep);
    else if (event.key === 'ArrowDown') onChange(height - heightStep);
    else return;
    event.preventDefault();
  };
  const onMove = (event: PointerEvent): void => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) onChange(window.innerHeight - event.clientY);
  };
  return (
    <div
      role="separator"
      aria-orientation="horizontal"
      aria-label={t('dock.resize')}
      aria-valuenow={Math.round(height)}
      aria-valuemin={heightMin}
      // A separator that can be moved is a control.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      className={styles['grip']}
      onKeyDown={onKey}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onMove}
    />
  );
}
