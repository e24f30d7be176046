/**
 * Edit YAML: an object as text. It is saved against the version that was read; when somebody else changed it meanwhile, both
 * changes are joined before anyone's is lost, and what was written stays whatever comes.
 */
import { links, paths } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useBlocker, useParams } from '@tanstack/react-router';
import { Alert, Button } from 'antd';
import { useMemo, useState } from 'react';
import { noteChange } from '#actions/changes.ts';
import type { ApiObject } from '#api/objects.ts';
import { findResource, pathOfType, type ResourceType } from '#api/cluster-types.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { StatusError, statusOf, type Status } from '#api/status-error.ts';
import { Link } from '#app/link.tsx';
import { DiffView } from '#editor/diff-view.tsx';
import { draftOf, dropDraft, keepDraft } from '#editor/drafts.ts';
import { comparableText, textOf, type KubernetesObject } from '#editor/object-text.ts';
import { YamlEditor } from '#editor/yaml-editor.tsx';
import { objectOf, parsePiece, rangeOf, readLengthMax, YamlRefused } from '#editor/yaml-text.ts';
import { useT } from '#i18n/index.ts';
import { fieldManager } from '#manifests/apply.ts';
import { Page } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { ConflictView } from './conflict-view.tsx';
import { Refusal } from './review-list.tsx';
import styles from './yaml.module.css';

interface Address {
  readonly cluster: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export function EditYaml() {
  const params = useParams({ strict: false }) as Partial<Address>;
  const { cluster = '', resource = '', namespace = '-', name = '' } = params;
  const t = useT();
  const { data, error, refetch } = useQuery({
    queryKey: ['edit-yaml', cluster, resource, namespace, name],
    queryFn: async () => {
      const type = await findResource(cluster, resource);
      if (!type) throw new StatusError({ code: 404, message: resource });
      return { type, object: await fetchObject({ cluster, type, namespace, name }) };
    },
    // What was read is what is edited: it isn't read again under the person's hands.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const title = t('yaml.edit', { name });
  return (
    <Page title={title}>
      {data ? (
        <Editing
          key={`${cluster} ${resource} ${namespace} ${name}`}
          address={{ cluster, resource, namespace, name }}
          {...data}
        />
      ) : error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

interface Target {
  readonly cluster: string;
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
}

function pathOf({ cluster, type, namespace, name }: Target): string {
  return paths.kubernetes(
    cluster,
    pathOfType(type, { namespace: namespace === '-' ? undefined : namespace, name }),
  );
}

function fetchObject(target: Target): Promise<KubernetesObject> {
  return request<KubernetesObject>(pathOf(target));
}

function put(target: Target, text: string, { dryRun }: { dryRun: boolean }): Promise<KubernetesObject> {
  return request<KubernetesObject>(pathOf(target), {
    method: 'PUT',
    raw: { type: 'application/yaml', text },
    query: { fieldManager, fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) },
  });
}

const lookAgainMs = 15_000;

type Step =
  | { readonly step: 'writing' }
  | { readonly step: 'busy' }
  | { readonly step: 'reviewed'; readonly before: string; readonly after: string }
  | { readonly step: 'conflict'; readonly mine: KubernetesObject; readonly theirs: KubernetesObject }
  | { readonly step: 'failed'; readonly status: Status }
  | { readonly step: 'unreadable'; readonly message: string }
  | { readonly step: 'saved'; readonly isSame: boolean };

function Editing({
  address,
  type,
  object,
}: {
  readonly address: Address;
  readonly type: ResourceType;
  readonly object: KubernetesObject;
}) {
  const { cluster, resource, namespace, name } = address;
  const target: Target = { cluster, type, namespace, name };
  const t = useT();
  const draftKey = `edit ${cluster} ${resource} ${namespace} ${name}`;
  const [draft] = useState(() => draftOf(draftKey) as { base: KubernetesObject; text: string } | undefined);
  const [base, setBase] = useState(draft?.base ?? object);
  const [text, setText] = useState(() => draft?.text ?? textOf(object));
  const [state, setState] = useState<Step>({ step: 'writing' });
  const [goTo, setGoTo] = useState<{ key: number; position: number }>();
  const baseText = useMemo(() => textOf(base), [base]);
  const baseComparable = useMemo(() => comparableText(base), [base]);
  const isDirty = text !== baseText;
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
  const latest = useQuery({
    queryKey: ['edit-yaml-latest', cluster, resource, namespace, name],
    queryFn: () => fetchObject(target),
    refetchInterval: lookAgainMs,
    gcTime: 0,
  });
  const isOutdated = latest.data !== undefined && comparableText(latest.data) !== baseComparable;
  const isGone = latest.error instanceof StatusError && latest.error.code === 404;

  const read = (): KubernetesObject | undefined => {
    try {
      return objectOf(text);
    } catch (error) {
      if (!(error instanceof YamlRefused)) throw error;
      setState({
        step: 'unreadable',
        message: error.reason === 'syntax' ? error.message : t(`editor.refused.${error.reason}`),
      });
      return undefined;
    }
  };
  const showConflict = async (mine: KubernetesObject): Promise<void> => {
    setState({ step: 'conflict', mine, theirs: await fetchObject(target) });
  };
  const fail = async (error: unknown): Promise<void> => {
    const status = statusOf(error);
    if (status.code === 409) {
      const mine = read();
      if (mine) await showConflict(mine);
    } else {
      setState({ step: 'failed', status });
      const position = positionOf(text, status);
      if (position !== undefined) setGoTo({ key: Date.now(), position });
    }
  };
  /** What is too long to be read at once is read by the server alone, unless it comes to a conflict. */
  const isReadable = (): boolean => text.length > readLengthMax || read() !== undefined;
  const review = async (): Promise<void> => {
    if (!isReadable()) return;
    setState({ step: 'busy' });
    try {
      const after = await put(target, text, { dryRun: true });
      setState({ step: 'reviewed', before: baseComparable, after: comparableText(after) });
    } catch (error) {
      await fail(error).catch((again: unknown) => setState({ step: 'failed', status: statusOf(again) }));
    }
  };
  const save = async (): Promise<void> => {
    if (!isReadable()) return;
    setState({ step: 'busy' });
    try {
      const saved = await put(target, text, { dryRun: false });
      const isSame = saved.metadata?.resourceVersion === base.metadata?.resourceVersion;
      dropDraft(draftKey);
      if (!isSame && resource !== 'secrets')
        noteChange({
          cluster,
          kind: { ...type, resource },
          place: namespace === '-' ? { name } : { namespace, name },
          what: 'edit',
          before: base as ApiObject,
          after: saved as ApiObject,
        });
      setBase(saved);
      setText(textOf(saved));
      setState({ step: 'saved', isSame });
      void latest.refetch();
      await queryClient.invalidateQueries({ queryKey: ['object', cluster] });
    } catch (error) {
      await fail(error).catch((again: unknown) => setState({ step: 'failed', status: statusOf(again) }));
    }
  };

  if (state.step === 'conflict') {
    return (
      <ConflictView
        base={base}
        mine={state.mine}
        theirs={state.theirs}
        text={text}
        onContinue={(next) => {
          setBase(state.theirs);
          setText(next);
          keepDraft(draftKey, { base: state.theirs, text: next });
          setState({ step: 'writing' });
        }}
        onBack={() => setState({ step: 'writing' })}
      />
    );
  }
  return (
    <div className={styles['screen']}>
      {isGone ? (
        <Alert type="warning" showIcon title={t('yaml.gone')} />
      ) : isOutdated && state.step !== 'busy' ? (
        <Alert
          type="warning"
          showIcon
          title={t('yaml.outdated')}
          action={
            <Button
              size="small"
              onClick={() => {
                const mine = read();
                if (mine) void showConflict(mine);
              }}
            >
              {t('yaml.outdated.join')}
            </Button>
          }
        />
      ) : null}
      <div className={styles['editorBox']}>
        <YamlEditor
          cluster={cluster}
          label={t('yaml.textOf', { name })}
          value={text}
          onChange={(next) => {
            setText(next);
            keepDraft(draftKey, { base, text: next });
            setState({ step: 'writing' });
          }}
          goTo={goTo}
        />
      </div>
      <div className={styles['foot']}>
        {state.step === 'reviewed' ? (
          <Button type="primary" onClick={() => void save()} disabled={state.before === state.after}>
            {t('action.save')}
          </Button>
        ) : (
          <Button
            type="primary"
            loading={state.step === 'busy'}
            disabled={!isDirty}
            onClick={() => void review()}
          >
            {t('yaml.reviewAndSave')}
          </Button>
        )}
        <Button disabled={!isDirty || state.step === 'busy'} onClick={() => setText(baseText)}>
          {t('yaml.discard')}
        </Button>
        <Link to={links.object(cluster, resource, namespace === '-' ? { name } : { namespace, name })}>
          {t('yaml.toObject')}
        </Link>
        <span className={styles['hint']}>{t('editor.keys')}</span>
      </div>
      <div aria-live="polite" className={styles['results']}>
        <Result state={state} />
      </div>
    </div>
  );
}

function Result({ state }: { readonly state: Step }) {
  const t = useT();
  switch (state.step) {
    case 'reviewed':
      return state.before === state.after ? (
        <Alert type="info" showIcon title={t('yaml.noChange')} />
      ) : (
        <>
          <Alert type="info" showIcon title={t('yaml.reviewed')} />
          <DiffView
            before={{ title: t('yaml.diff.before'), text: state.before }}
            after={{ title: t('yaml.diff.after'), text: state.after }}
          />
        </>
      );
    case 'failed':
      return <Refusal status={state.status} />;
    case 'unreadable':
      return <Alert type="error" showIcon title={t('yaml.unreadable')} description={state.message} />;
    case 'saved':
      return <Alert type="success" showIcon title={t(state.isSame ? 'yaml.noChange' : 'yaml.saved')} />;
    default:
      return null;
  }
}

/** Where the first field that the server complained about stands. */
function positionOf(text: string, { details }: Status): number | undefined {
  const field = details?.causes?.find((cause) => cause.field)?.field;
  if (!field) return undefined;
  const path = field
    .replaceAll(/\[(\w+)\]/g, '.$1')
    .split('.')
    .filter(Boolean)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return rangeOf(parsePiece(text), path)?.[0];
}
