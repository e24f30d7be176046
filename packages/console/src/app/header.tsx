import { BellOutlined, MenuOutlined, SearchOutlined, UserOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import type { MenuProps } from 'antd';
import { signOut, useSignedIn } from '#api/session.ts';
import { languageNames, languages, setLanguage, useLanguage, useT } from '#i18n/index.ts';
import { savePreferences } from '#api/preferences.ts';
import { useRunningTasks } from '#api/tasks.ts';
import { Link, useGo } from './link.tsx';
import { setThemeChoice, useThemeChoice, type ThemeChoice } from './theme.ts';
import styles from './header.module.css';

interface HeaderProps {
  readonly cluster: string | undefined;
  readonly onPalette: () => void;
  readonly onMenu: () => void;
  readonly onHelp: () => void;
}

const themes: readonly ThemeChoice[] = ['system', 'light', 'dark'];

export function Header({ onPalette, onMenu, onHelp }: HeaderProps) {
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
      <Link to="/" className={styles['brand']} aria-label="Skerry">
        <img src="/icon.svg" alt="" width={26} height={26} />
        <span>Skerry</span>
      </Link>
      <button
        type="button"
        className={styles['search']}
        aria-label={t('palette.open')}
        onClick={onPalette}
        aria-keyshortcuts="Control+K"
      >
        <SearchOutlined aria-hidden="true" />
        <span className={styles['searchText']}>{t('palette.open')}</span>
        <kbd className={styles['kbd']}>Ctrl K</kbd>
      </button>
      <div className={styles['right']}>
        <Link to="/tasks" className={styles['tasks']} aria-label={t('tasks.running', { count: running })}>
          <BellOutlined aria-hidden="true" />
          {running > 0 ? <span className={styles['badge']}>{running}</span> : null}
        </Link>
        <UserMenu onHelp={onHelp} />
      </div>
    </header>
  );
}

function UserMenu({ onHelp }: { readonly onHelp: () => void }) {
  const t = useT();
  const go = useGo();
  const session = useSignedIn();
  const language = useLanguage();
  const theme = useThemeChoice();
  const items: MenuProps['items'] = [
    { key: 'who', type: 'group', label: session.user },
    { key: 'settings', label: t('nav.settings'), onClick: () => go('/settings') },
    { key: 'help', label: t('shortcuts.title'), onClick: onHelp },
    { type: 'divider' },
    {
      key: 'language',
      label: t('settings.language'),
      children: languages.map((one) => ({
        key: `language-${one}`,
        label: languageNames[one],
        onClick: () => {
          void setLanguage(one);
          void savePreferences({ language: one });
        },
      })),
    },
    {
      key: 'theme',
      label: t('settings.theme'),
      children: themes.map((one) => ({
        key: `theme-${one}`,
        label: t(`theme.${one}`),
        onClick: () => {
          setThemeChoice(one);
          void savePreferences({ theme: one });
        },
      })),
    },
    { type: 'divider' },
    { key: 'out', label: t('session.signOut'), onClick: () => void signOut() },
  ];
  return (
    <Dropdown
      trigger={['click']}
      menu={{ items, selectable: true, selectedKeys: [`language-${language}`, `theme-${theme}`] }}
    >
      <Button
        type="text"
        icon={<UserOutlined />}
        aria-label={t('shell.account', { user: session.displayName })}
      >
        <span className={styles['user']}>{session.displayName}</span>
      </Button>
    </Dropdown>
  );
}
