import { BellOutlined, MenuOutlined, SearchOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useT } from '#i18n/index.ts';
import { useRunningTasks } from '#api/tasks.ts';
import { Beside, part } from '#ui/part.tsx';
import { Link } from './link.tsx';
import { ReadOnlyMark } from './read-only-mark.tsx';
import styles from './header.module.css';

const UserMenu = part(async () => (await import('./user-menu.tsx')).UserMenu);

interface HeaderProps {
  readonly cluster: string | undefined;
  readonly onPalette: () => void;
  readonly onMenu: () => void;
  readonly onHelp: () => void;
}

export function Header({ cluster, onPalette, onMenu, onHelp }: HeaderProps) {
  const t = useT();
  const running = useRunningTasks();
  return (
    <header className={styles['header']}>
      <Button
        type="text"
        className={styles['menuButton']}
        icon={<MenuOutlined />}
        aria-label={t('shell.menu')}
        onClick={onMenu}
      />
      <Link to="/" className={styles['brand']}>
        <img src="/icon.svg" alt="" width={26} height={26} />
        <span>Skerry</span>
      </Link>
      <button type="button" className={styles['search']} onClick={onPalette} aria-keyshortcuts="Control+K">
        <SearchOutlined aria-hidden="true" />
        <span className={styles['searchText']}>{t('palette.open')}</span>
        <kbd className={styles['kbd']} aria-hidden="true">
          Ctrl K
        </kbd>
      </button>
      <div className={styles['right']}>
        <ReadOnlyMark cluster={cluster} />
        <Link to="/tasks" className={styles['tasks']} aria-label={t('tasks.running', { count: running })}>
          <BellOutlined aria-hidden="true" />
          {running > 0 ? <span className={styles['badge']}>{running}</span> : null}
        </Link>
        <Beside>
          <UserMenu onHelp={onHelp} />
        </Beside>
      </div>
    </header>
  );
}
