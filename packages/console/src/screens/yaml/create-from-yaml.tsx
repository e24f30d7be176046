/**
 * Create from YAML: a text, checked while it is written, asked of the server as a whole before anything is made, and then made in
 * the order in which things stand on each other. What would change an object that is there is shown before it is done.
 */
import { useBlocker, useParams } from '@tanstack/react-router';
import { Alert, App, AutoComplete, Button, Checkbox, Input, Select } from 'antd';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { useNamespaces } from '#api/namespaces.ts';
import { savePreferences, usePreferences } from '#api/preferences.ts';
import { namespacesOf, useSearchState } from '#app/search.ts';
import { draftOf, dropDraft, keepDraft } from '#editor/drafts.ts';
import { YamlEditor } from '#editor/yaml-editor.tsx';
import { useT, type Translate } from '#i18n/index.ts';
import type { ReadFault } from '#manifests/manifest.ts';
import { Page } from '#ui/page.tsx';
import { ReviewList } from './review-list.tsx';
import { customTemplate, templateGroups, templateOf, templateOfResource, templates } from './templates.ts';
import { changesExisting, isReady, useManifests } from './use-manifests.ts';
import styles from './yaml.module.css';

const ownPrefix = 'my:';
const ownTemplatesMax = 50;

export function CreateFromYaml() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const [search, setSearch] = useSearchState();
  const preferences = usePreferences();
  const own = preferences.templates ?? [];
  const template = search['template'] ?? templateOfResource(search['kind']) ?? customTemplate;
  const yamlOf = (id: string): string =>
    templateOf(id)?.yaml ?? own.find(({ name }) => ownPrefix + name === id)?.yaml ?? '';
  const draftKey = `yaml ${cluster}`;
  const [text, setText] = useState(() => (draftOf(draftKey) as string | undefined) ?? yamlOf(template));
  const [force, setForce] = useState(false);
  const [goTo, setGoTo] = useState<{ key: number; position: number }>();
  const { modal } = App.useApp();
  const { state, check, apply, reset } = useManifests(cluster);
  const namespace = search['in'] ?? namespacesOf(search)[0] ?? 'default';
  const results = useRef<HTMLDivElement>(null);
  const isBusy = state.step === 'checking' || state.step === 'applying';
  const isDirty = text.trim() !== '' && text !== yamlOf(template) && state.step !== 'done';
  /** What is left on purpose is not kept. */
  const mayLeave = (): boolean => {
    if (isDirty && !window.confirm(t('editor.leave'))) return false;
    dropDraft(draftKey);
    return true;
  };
  useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && !mayLeave(),
    enableBeforeUnload: () => isDirty,
  });
  const hasResults = state.step !== 'writing' || state.faults.length > 0;
  useEffect(() => {
    if (hasResults) results.current?.scrollIntoView({ block: 'nearest' });
  }, [hasResults, state.step]);

  const write = (next: string): void => {
    setText(next);
    keepDraft(draftKey, next);
    if (state.step !== 'writing' || state.faults.length > 0) reset();
  };
  const choose = (id: string): void => {
    const take = (next: string): void => {
      write(next);
      setSearch({ template: id });
    };
    if (id === customTemplate) take(isDirty ? text : '');
    else if (!isDirty) take(yamlOf(id));
    else
      modal.confirm({
        title: t('yaml.replace'),
        okText: t('yaml.replace.ok'),
        cancelText: t('action.cancel'),
        onOk: () => take(yamlOf(id)),
      });
  };
  const review = (): Promise<unknown> => check({ text, namespace, force });
  /** Makes what is new at once; what would change something that is there waits for a second look. */
  const create = async (): Promise<void> => {
    const checked = await check({ text, namespace, force });
    if (checked && isReady(checked) && !changesExisting(checked)) await apply(checked, { namespace, force });
  };
  const failed = state.reviewed.filter(
    ({ outcome }) => outcome && outcome !== 'running' && outcome.state === 'failed',
  ).length;

  return (
    <Page title={t('yaml.create')} intro={t('yaml.create.intro')}>
      <div className={styles['screen']}>
        <div className={styles['bar']}>
          <NamespaceField
            cluster={cluster}
            value={namespace}
            onChange={(value) => setSearch({ in: value })}
          />
          <TemplateField value={template} own={own.map(({ name }) => name)} onChange={choose} />
          <SaveTemplate text={text} />
        </div>
        <div className={styles['editorBox']}>
          <YamlEditor cluster={cluster} label={t('yaml.text')} value={text} onChange={write} goTo={goTo} />
        </div>
        <div className={styles['foot']}>
          {state.step === 'reviewed' && changesExisting(state.reviewed) && isReady(state.reviewed) ? (
            <Button type="primary" onClick={() => void apply(state.reviewed, { namespace, force })}>
              {t('yaml.applyChanges')}
            </Button>
          ) : (
            <Button
              type="primary"
              loading={isBusy}
              disabled={text.trim() === ''}
              onClick={() => void create()}
            >
              {t('action.create')}
            </Button>
          )}
          <Button disabled={isBusy || text.trim() === ''} onClick={() => void review()}>
            {t('yaml.review')}
          </Button>
          <span className={styles['hint']}>{t('editor.keys')}</span>
        </div>
        <div ref={results} aria-live="polite" className={styles['results']}>
          <ReadFaults faults={state.faults} onGoTo={(position) => setGoTo({ key: Date.now(), position })} />
          <Summary
            step={state.step}
            failed={failed}
            total={state.reviewed.length}
            t={t}
            isReady={isReady(state.reviewed)}
            changes={changesExisting(state.reviewed)}
          />
          {state.reviewed.some(({ check: one }) => one?.state === 'conflict') ? (
            <Checkbox checked={force} onChange={(event) => setForce(event.target.checked)}>
              {t('yaml.takeOver')}
            </Checkbox>
          ) : null}
          {state.reviewed.length > 0 ? (
            <ReviewList
              cluster={cluster}
              of={state.reviewed}
              onGoTo={(position) => setGoTo({ key: Date.now(), position })}
            />
          ) : null}
        </div>
      </div>
    </Page>
  );
}

interface SummaryProps {
  readonly step: string;
  readonly failed: number;
  readonly total: number;
  readonly t: Translate;
  readonly isReady: boolean;
  readonly changes: boolean;
}

function Summary({ step, failed, total, t, isReady: ready, changes }: SummaryProps) {
  if (step === 'done') {
    return failed === 0 ? (
      <Alert type="success" showIcon title={t('yaml.done', { count: total })} />
    ) : (
      <Alert type="error" showIcon title={t('yaml.doneInPart', { failed, total })} />
    );
  }
  if (step !== 'reviewed') return null;
  if (!ready) return <Alert type="error" showIcon title={t('yaml.refused')} />;
  return (
    <Alert
      type={changes ? 'warning' : 'info'}
      showIcon
      title={t(changes ? 'yaml.wouldChange' : 'yaml.accepted')}
    />
  );
}

function ReadFaults({
  faults,
  onGoTo,
}: {
  readonly faults: readonly ReadFault[];
  readonly onGoTo: (position: number) => void;
}) {
  const t = useT();
  if (faults.length === 0) return null;
  const wording = (fault: ReadFault): string => {
    if (fault.reason === 'syntax') return fault.message;
    if (fault.reason === 'noType' || fault.reason === 'noName' || fault.reason === 'tooMany')
      return t(`yaml.fault.${fault.reason}`);
    return t(`editor.refused.${fault.reason}`);
  };
  return (
    <Alert
      type="error"
      showIcon
      title={t('yaml.unreadable')}
      description={
        <ul className={styles['faults']}>
          {faults.map((fault) => (
            <li key={`${fault.document} ${fault.reason}`}>
              <Button type="link" size="small" onClick={() => onGoTo(fault.from)}>
                {t('yaml.document', { number: fault.document + 1 })}
              </Button>
              {wording(fault)}
            </li>
          ))}
        </ul>
      }
    />
  );
}

export function NamespaceField({
  cluster,
  value,
  onChange,
}: {
  readonly cluster: string;
  readonly value: string;
  readonly onChange: (namespace: string) => void;
}) {
  const t = useT();
  const id = useId();
  const names = useNamespaces(cluster);
  const [typed, setTyped] = useState(value);
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{t('column.namespace')}</label>
      <AutoComplete
        id={id}
        value={typed}
        options={names.map((name) => ({ value: name }))}
        showSearch={{
          filterOption: (text, option) => typed === value || (option?.value.includes(text) ?? false),
        }}
        onChange={(next: string) => setTyped(next)}
        onSelect={(next: string) => onChange(next)}
        onBlur={() => onChange(typed.trim() || 'default')}
      />
    </div>
  );
}

function TemplateField({
  value,
  own,
  onChange,
}: {
  readonly value: string;
  readonly own: readonly string[];
  readonly onChange: (id: string) => void;
}) {
  const t = useT();
  const id = useId();
  const options = useMemo(
    () => [
      { label: t('yaml.template.custom'), value: customTemplate },
      ...templateGroups.map((group) => ({
        label: t(`yaml.group.${group}`),
        options: templates
          .filter((one) => one.group === group)
          .map((one) => ({ label: one.title, value: one.id })),
      })),
      ...(own.length > 0
        ? [
            {
              label: t('yaml.group.own'),
              options: own.map((name) => ({ label: name, value: ownPrefix + name })),
            },
          ]
        : []),
    ],
    [t, own],
  );
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{t('yaml.template')}</label>
      <Select
        id={id}
        value={value}
        options={options}
        onChange={onChange}
        showSearch={{ optionFilterProp: 'label' }}
        popupMatchSelectWidth={false}
        listHeight={420}
      />
    </div>
  );
}

function SaveTemplate({ text }: { readonly text: string }) {
  const t = useT();
  const { modal, message } = App.useApp();
  const ask = (): void => {
    let name = '';
    modal.confirm({
      title: t('yaml.saveTemplate'),
      icon: null,
      okText: t('action.save'),
      cancelText: t('action.cancel'),
      content: (
        <Input
          aria-label={t('yaml.templateName')}
          placeholder={t('yaml.templateName')}
          maxLength={60}
          onChange={(event) => {
            name = event.target.value.trim();
          }}
        />
      ),
      onOk: async () => {
        if (name === '') return;
        await savePreferences(({ templates = [] }) => {
          const others = templates.filter((one) => one.name !== name).slice(0, ownTemplatesMax - 1);
          return { templates: [...others, { name, yaml: text }] };
        });
        void message.success(t('yaml.templateSaved', { name }));
      },
    });
  };
  return (
    <Button disabled={text.trim() === '' || text.length > 100_000} onClick={ask}>
      {t('yaml.saveTemplate')}
    </Button>
  );
}
