/**
 * The languages. English, Japanese and Chinese are each a chunk of its own, so that a browser loads one; plurals go by
 * `Intl.PluralRules`, which is what i18next asks.
 */
import { createInstance } from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import { loadPart } from '#ui/load-part.ts';
import type { en } from './en/index.ts';
import type { IdOf } from './translation.ts';

export const languages = ['en', 'ja', 'zh'] as const;
export type Language = (typeof languages)[number];
export type MessageId = IdOf<typeof en>;
export type Values = Readonly<Record<string, string | number>>;
export type Translate = (id: MessageId, values?: Values) => string;

/** As a language names itself. */
export const languageNames: Readonly<Record<Language, string>> = {
  en: 'English',
  ja: '日本語',
  zh: '简体中文',
};
/** For the `lang` attribute and `Intl`. */
export const localeTags: Readonly<Record<Language, string>> = { en: 'en', ja: 'ja', zh: 'zh-CN' };

const load: Readonly<Record<Language, () => Promise<Readonly<Record<string, string>>>>> = {
  en: async () => (await import('./en/index.ts')).en,
  ja: async () => (await import('./ja/index.ts')).ja,
  zh: async () => (await import('./zh/index.ts')).zh,
};
const storageKey = 'skerry.language';
const i18next = createInstance();

export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'cimode',
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await setLanguage(preferredLanguage());
}

export async function setLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await loadPart(load[language]));
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = localeTags[language];
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

/** @returns the first of what the person chose before, what their browser asks for, and English */
export function preferredLanguage(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(storageKey);
  } catch {
    // As above.
  }
  return matchLanguage([chosen ?? '', ...navigator.languages]);
}

export function matchLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split('-')[0];
    const found = languages.find((language) => language === primary);
    if (found) return found;
  }
  return 'en';
}

export function useT(): Translate {
  const { t, i18n } = useTranslation();
  // `t` keeps its identity when the language changes; a new function is what makes memoized children ask again.
  return useMemo(() => (id, values) => t(id, { ...values }), [t, i18n.language]);
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return matchLanguage([i18n.language]);
}

/** Outside of components. */
export const translate: Translate = (id, values) => i18next.t(id, { ...values });
/** The message of an id that comes from elsewhere, if there is one. */
export function translateIfKnown(id: string, values?: Values): string | undefined {
  return i18next.exists(id, { ...values }) ? i18next.t(id, { ...values }) : undefined;
}
