/** Ant Design, dressed in the console's colours, in the language and theme of the moment, with the page's nonce on its styles. */
import { App as AntApp, ConfigProvider, theme as antTheme, type ThemeConfig } from 'antd';
import type { Locale } from 'antd/es/locale';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useLanguage, type Language } from '#i18n/index.ts';
import { cspNonce } from './csp-nonce.ts';
import { useTheme, type Theme } from './theme.ts';

/** Components that wait for the end of a movement must know that there is none. */
const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;

const shared: ThemeConfig['token'] = {
  motion: !isStill,
  borderRadius: 6,
  fontFamily: 'var(--font)',
  fontFamilyCode: 'var(--mono)',
  controlHeight: 34,
  wireframe: false,
};
const tokens: Readonly<Record<Theme, ThemeConfig>> = {
  light: {
    algorithm: antTheme.defaultAlgorithm,
    token: {
      ...shared,
      colorPrimary: '#0b6e75',
      colorLink: '#0b6e75',
      colorError: '#b3222c',
      colorText: '#17232e',
      colorTextSecondary: '#55636f',
      colorTextTertiary: '#55636f',
      colorTextDescription: '#55636f',
      colorTextPlaceholder: '#66737e',
      colorTextDisabled: '#6b7780',
      colorBorder: '#c6cfd6',
    },
  },
  dark: {
    algorithm: antTheme.darkAlgorithm,
    token: {
      ...shared,
      colorPrimary: '#0f7c84',
      colorLink: '#58c2c8',
      colorError: '#ff9aa0',
      colorBgBase: '#10161b',
      colorBgContainer: '#171f26',
      colorBgElevated: '#1c262e',
      colorText: '#e3e9ee',
      colorTextSecondary: '#9fadb8',
      colorTextTertiary: '#9fadb8',
      colorTextDescription: '#9fadb8',
      colorTextPlaceholder: '#8d9ba6',
      colorTextDisabled: '#83909b',
      colorBorder: '#3a4753',
    },
    components: {
      Tabs: { itemSelectedColor: '#58c2c8', itemHoverColor: '#7fd4d8', inkBarColor: '#58c2c8' },
      Button: { dangerColor: '#10161b' },
    },
  },
};

/** English is what Ant Design has without being asked. */
const loadLocale: Readonly<Record<Exclude<Language, 'en'>, () => Promise<{ default: Locale }>>> = {
  ja: () => import('antd/es/locale/ja_JP'),
  zh: () => import('antd/es/locale/zh_CN'),
};

export function Design({ children }: { readonly children: ReactNode }) {
  const language = useLanguage();
  const theme = useTheme();
  const { data } = useQuery({
    queryKey: ['antd-locale', language],
    queryFn: async () => (language === 'en' ? undefined : (await loadLocale[language]()).default) ?? null,
    staleTime: Infinity,
  });
  return (
    <ConfigProvider
      csp={{ nonce: cspNonce }}
      locale={data ?? undefined}
      theme={tokens[theme]}
      button={{ autoInsertSpace: false }}
    >
      <AntApp component={false}>{children}</AntApp>
    </ConfigProvider>
  );
}
