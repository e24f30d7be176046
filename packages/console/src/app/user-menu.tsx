import { UserOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import type { MenuProps } from 'antd';
import { savePreferences } from '#api/preferences.ts';
import { signOut, useSignedIn } from '#api/session.ts';
import { languageNames, languages, setLanguage, useLanguage, useT } from '#i18n/index.ts';
import { useGo } from './link.tsx';
import { setThemeChoice, useThemeChoice, type ThemeChoice } from './theme.ts';
import styles from './header.module.css';

const themes: readonly ThemeChoice[] = ['system', 'light', 'dark'];

/** Who is signed in, and what is theirs: language, theme, settings, the way out. */
export function UserMenu({ onHelp }: { readonly onHelp: () => void }) {
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
