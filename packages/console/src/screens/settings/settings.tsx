/** One's own: language, theme, keys, password, sessions, API tokens. */
import { paths, type SessionEntry } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { App, Button, Radio, Select, Switch } from 'antd';
import { savePreferences, usePreferences } from '#api/preferences.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { setThemeChoice, useThemeChoice, type ThemeChoice } from '#app/theme.ts';
import { languageNames, languages, setLanguage, useLanguage, useT, type Language } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Columns, Facts, Page, Stack } from '#ui/page.tsx';
import { PasswordForm } from '#ui/password-form.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { ApiTokens } from './api-tokens.tsx';

const themes: readonly ThemeChoice[] = ['system', 'light', 'dark'];

export function Settings() {
  const t = useT();
  const { message } = App.useApp();
  return (
    <Page title={t('nav.settings')}>
      <Stack>
        <Columns>
          <Looks />
          <Card title={t('password.change')}>
            <PasswordForm onChanged={() => void message.success(t('password.changed'))} />
          </Card>
        </Columns>
        <Sessions />
        <ApiTokens />
      </Stack>
    </Page>
  );
}

function Looks() {
  const t = useT();
  const language = useLanguage();
  const theme = useThemeChoice();
  const { shortcuts = true, readOnly = false } = usePreferences();
  return (
    <Card title={t('settings.looks')}>
      <Facts
        of={[
          [
            t('settings.language'),
            <Select<Language>
              key="language"
              aria-label={t('settings.language')}
              style={{ minWidth: 140 }}
              value={language}
              options={languages.map((one) => ({ value: one, label: languageNames[one] }))}
              onChange={(one) => {
                void setLanguage(one);
                void savePreferences({ language: one });
              }}
            />,
          ],
          [
            t('settings.theme'),
            <Radio.Group
              key="theme"
              value={theme}
              options={themes.map((one) => ({ value: one, label: t(`theme.${one}`) }))}
              onChange={(event) => {
                const next = event.target.value as ThemeChoice;
                setThemeChoice(next);
                void savePreferences({ theme: next });
              }}
            />,
          ],
          [
            t('shortcuts.title'),
            <Switch
              key="shortcuts"
              aria-label={t('shortcuts.title')}
              checked={shortcuts}
              onChange={(isOn) => void savePreferences({ shortcuts: isOn })}
            />,
          ],
          [
            t('readOnly.mark'),
            <span key="readOnly" style={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8 }}>
              <Switch
                aria-label={t('readOnly.mark')}
                checked={readOnly}
                onChange={(isOn) => void savePreferences({ readOnly: isOn })}
              />
              <span className="muted">{t('readOnly.whileOn')}</span>
            </span>,
          ],
        ]}
      />
    </Card>
  );
}

function Sessions() {
  const t = useT();
  const { failure, submit } = useSubmit();
  const { data } = useQuery({
    queryKey: ['sessions'],
    queryFn: () => request<readonly SessionEntry[]>(paths.sessions),
  });
  const end = (id: string): Promise<void> =>
    submit(async () => {
      await request(`${paths.sessions}/${encodeURIComponent(id)}`, { method: 'DELETE' });
      await queryClient.invalidateQueries({ queryKey: ['sessions'] });
    });
  if (!data) return null;
  return (
    <Card
      title={t('settings.sessions')}
      isFlush
      extra={
        data.length > 1 ? (
          <Button size="small" danger onClick={() => void end('others')}>
            {t('settings.endOthers')}
          </Button>
        ) : null
      }
    >
      <FailureNote status={failure} />
      <PlainTable
        label={t('settings.sessions')}
        head={[
          t('settings.browser'),
          t('audit.address'),
          t('facts.started'),
          t('column.last-seen'),
          t('column.actions'),
        ]}
        rows={data.map((session) => ({
          key: session.id,
          cells: [
            session.userAgent,
            session.address,
            <Age key="created" since={session.created} />,
            <Age key="seen" since={session.lastSeen} />,
            session.current ? (
              t('settings.thisSession')
            ) : (
              <Button
                key="end"
                size="small"
                onClick={() => void end(session.id)}
                aria-label={`${t('settings.endSession')}: ${session.address}`}
              >
                {t('settings.endSession')}
              </Button>
            ),
          ],
        }))}
      />
    </Card>
  );
}
