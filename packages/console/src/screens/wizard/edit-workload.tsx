/** Edit: a workload through the same steps. What somebody else changed meanwhile is joined with it before it is saved. */
import { links, paths } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useBlocker, useParams } from '@tanstack/react-router';
import { Alert, Button } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { noteChange } from '#actions/changes.ts';
import { addressOf, getObject, type ApiObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { statusOf, type Status } from '#api/status-error.ts';
import { useGo } from '#app/link.tsx';
import { DiffView } from '#editor/diff-view.tsx';
import { draftOf, dropDraft, keepDraft } from '#editor/drafts.ts';
import { comparableText, textOf, type KubernetesObject } from '#editor/object-text.ts';
import { mergeThree } from '#editor/three-way.ts';
import { objectOf } from '#editor/yaml-text.ts';
import { useT } from '#i18n/index.ts';
import { builtInKind } from '#kinds/built-in.ts';
import { objectPath, type KindEntry } from '#kinds/kind.ts';
import { fieldManager } from '#manifests/apply.ts';
import { ConflictView } from '#screens/yaml/conflict-view.tsx';
import { Refusal } from '#screens/yaml/review-list.tsx';
import { Page } from '#ui/page.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { kindOfWorkload } from '#workloads/workload.ts';
import { Link } from '#app/link.tsx';
import { WorkloadForm } from './workload-form.tsx';
import styles from './wizard.module.css';

interface Address {
  readonly cluster: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export function EditWorkload() {
  const params = useParams({ strict: false }) as Partial<Address>;
  const { cluster = '', resource = '', namespace = '-', name = '' } = params;
  const t = useT();
  const kind = builtInKind(resource);
  const { data, error, refetch } = useQuery({
    queryKey: ['edit', cluster, resource, namespace, name],
    queryFn: () => getObject<KubernetesObject>(cluster, kind ?? noKind, { namespace, name }),
    enabled: kind !== undefined,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const object = data && {
    apiVersion: kind?.group ? `${kind.group}/${kind.version}` : 'v1',
    kind: kind?.kind ?? '',
    ...data,
  };
  return (
    <Page title={t('wizard.edit', { name })}>
      {object && kind && kindOfWorkload(object) ? (
        <Editing
          key={`${namespace}/${name}`}
          address={{ cluster, resource, namespace, name }}
          kind={kind}
          object={object}
        />
      ) : error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : !kind || object ? (
        <Empty title={t('wizard.noForm')}>
          <Link to={`${links.object(cluster, resource, { namespace, name })}/yaml`}>
            {t('yaml.edit', { name })}
          </Link>
        </Empty>
      ) : (
        <Loading />
      )}
    </Page>
  );
}

const noKind = { group: '', version: 'v1', plural: '', isNamespaced: true };

type Review =
  | { readonly state: 'asking' }
  | {
      readonly state: 'accepted';
      readonly before: string;
      readonly after: string;
      readonly wasJoined: boolean;
    }
  | { readonly state: 'saving' }
  | { readonly state: 'conflict'; readonly theirs: KubernetesObject }
  | { readonly state: 'refused'; readonly status: Status };

function Editing({
  address,
  kind,
  object,
}: {
  readonly address: Address;
  readonly kind: KindEntry;
  readonly object: KubernetesObject;
}) {
  const { cluster, resource, namespace, name } = address;
  const t = useT();
  const go = useGo();
  const draftKey = `form ${cluster} ${resource} ${namespace} ${name}`;
  const [draft] = useState(
    () => draftOf(draftKey) as { base: KubernetesObject; edited: KubernetesObject } | undefined,
  );
  const [base, setBase] = useState(draft?.base ?? object);
  const [edited, setEdited] = useState(draft?.edited ?? object);
  const [review, setReview] = useState<Review>({ state: 'asking' });
  const isDone = useRef(false);
  const isDirty = edited !== base;
  useEffect(() => {
    if (isDirty) keepDraft(draftKey, { base, edited });
  }, [draftKey, isDirty, base, edited]);
  const mayLeave = (): boolean => {
    if (isDirty && !isDone.current && !window.confirm(t('editor.leave'))) return false;
    dropDraft(draftKey);
    return true;
  };
  useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && !mayLeave(),
    enableBeforeUnload: () => isDirty && !isDone.current,
  });
  const place = namespace === '-' ? { name } : { namespace, name };
  const put = (next: KubernetesObject, dryRun: boolean): Promise<KubernetesObject> =>
    request<KubernetesObject>(addressOf(cluster, objectPath(kind, place)), {
      method: 'PUT',
      body: next,
      query: { fieldManager, ...(dryRun ? { dryRun: 'All' } : {}) },
    });

  const ask = async (): Promise<void> => {
    setReview({ state: 'asking' });
    try {
      const after = await put(edited, true);
      setReview({
        state: 'accepted',
        before: comparableText(base),
        after: comparableText(after),
        wasJoined: false,
      });
    } catch (error) {
      await meet(error).catch((again: unknown) => setReview({ state: 'refused', status: statusOf(again) }));
    }
  };
  /** Somebody was faster: what doesn't touch mine is joined with it, the rest is asked. */
  const meet = async (error: unknown): Promise<void> => {
    const status = statusOf(error);
    if (status.code !== 409) return setReview({ state: 'refused', status });
    const theirs = await request<KubernetesObject>(paths.kubernetes(cluster, objectPath(kind, place)));
    const { merged, conflicts } = mergeThree({ base, mine: edited, theirs });
    if (conflicts.length > 0) return setReview({ state: 'conflict', theirs });
    const after = await put(merged, true);
    setBase(theirs);
    setEdited(merged);
    setReview({
      state: 'accepted',
      before: comparableText(theirs),
      after: comparableText(after),
      wasJoined: true,
    });
  };
  const save = async (): Promise<void> => {
    setReview({ state: 'saving' });
    try {
      const after = await put(edited, false);
      noteChange({
        cluster,
        kind,
        place,
        what: 'edit',
        before: base as ApiObject,
        after: after as ApiObject,
      });
      isDone.current = true;
      await queryClient.invalidateQueries({ queryKey: ['object', cluster] });
      go(links.object(cluster, resource, place));
    } catch (error) {
      await meet(error).catch((again: unknown) => setReview({ state: 'refused', status: statusOf(again) }));
    }
  };
  if (review.state === 'conflict') {
    return (
      <ConflictView
        base={base}
        mine={edited}
        theirs={review.theirs}
        text={textOf(edited)}
        onContinue={(text) => {
          setBase(review.theirs);
          setEdited(objectOf(text));
          setReview({ state: 'asking' });
        }}
        onBack={() => setReview({ state: 'asking' })}
      />
    );
  }
  return (
    <WorkloadForm
      cluster={cluster}
      object={edited}
      onChange={(change) => setEdited(change)}
      isNew={false}
      onReview={() => void ask()}
      review={
        <div className={styles['stack']}>
          {review.state === 'asking' || review.state === 'saving' ? <Loading /> : null}
          {review.state === 'refused' ? <Refusal status={review.status} /> : null}
          {review.state === 'accepted' ? (
            <>
              {review.wasJoined ? <Alert type="warning" showIcon title={t('wizard.joined')} /> : null}
              {review.before === review.after ? (
                <Alert type="info" showIcon title={t('yaml.noChange')} />
              ) : (
                <>
                  <Alert type="info" showIcon title={t('yaml.reviewed')} />
                  <div>
                    <Button type="primary" onClick={() => void save()}>
                      {t('action.save')}
                    </Button>
                  </div>
                  <DiffView
                    before={{ title: t('yaml.diff.before'), text: review.before }}
                    after={{ title: t('yaml.diff.after'), text: review.after }}
                  />
                </>
              )}
            </>
          ) : null}
        </div>
      }
    />
  );
}
