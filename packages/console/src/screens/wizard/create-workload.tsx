/** Create from image: a workload in five steps, asked of the server before it is made. */
import { links } from '@skerry/center/contract';
import { useBlocker, useParams } from '@tanstack/react-router';
import { Alert, Button } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { createObject } from '#api/objects.ts';
import { statusOf, type Status } from '#api/status-error.ts';
import { useGo } from '#app/link.tsx';
import { namespacesOf, useSearchState } from '#app/search.ts';
import { draftOf, dropDraft, keepDraft } from '#editor/drafts.ts';
import { comparableText, type KubernetesObject } from '#editor/object-text.ts';
import { DiffView } from '#editor/diff-view.tsx';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { Refusal } from '#screens/yaml/review-list.tsx';
import { Page } from '#ui/page.tsx';
import { Loading } from '#ui/states.tsx';
import { kindOfWorkload, newWorkload, workloadFacts, workloadKinds } from '#workloads/workload.ts';
import { setAt } from '#workloads/object-path.ts';
import { WorkloadForm } from './workload-form.tsx';
import styles from './wizard.module.css';

type Review =
  | { readonly state: 'asking' }
  | { readonly state: 'accepted'; readonly text: string }
  | { readonly state: 'refused'; readonly status: Status }
  | { readonly state: 'making'; readonly text: string };

export function CreateWorkload() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const go = useGo();
  const [search] = useSearchState();
  const draftKey = `create ${cluster}`;
  const [object, setObject] = useState<KubernetesObject>(() => {
    const draft = draftOf(draftKey) as KubernetesObject | undefined;
    if (draft) return draft;
    const type = workloadKinds.find((kind) => kind === search['type']) ?? 'Deployment';
    return setAt(newWorkload(type), ['metadata', 'namespace'], namespacesOf(search)[0] ?? 'default');
  });
  const [review, setReview] = useState<Review>({ state: 'asking' });
  const isDone = useRef(false);
  const isTouched = Boolean(object.metadata?.name);
  useEffect(() => {
    if (isTouched) keepDraft(draftKey, object);
  }, [draftKey, isTouched, object]);
  const mayLeave = (): boolean => {
    if (isTouched && !isDone.current && !window.confirm(t('editor.leave'))) return false;
    dropDraft(draftKey);
    return true;
  };
  useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && !mayLeave(),
    enableBeforeUnload: () => isTouched && !isDone.current,
  });
  const kind = kindOf(workloadFacts[kindOfWorkload(object) ?? 'Deployment'].resource);
  const namespace = object.metadata?.namespace;
  const send = (dryRun: boolean): Promise<KubernetesObject> =>
    createObject<KubernetesObject>(cluster, kind, object, { namespace, dryRun });
  const ask = async (): Promise<void> => {
    setReview({ state: 'asking' });
    try {
      setReview({ state: 'accepted', text: comparableText(await send(true)) });
    } catch (error) {
      setReview({ state: 'refused', status: statusOf(error) });
    }
  };
  const make = async (text: string): Promise<void> => {
    setReview({ state: 'making', text });
    try {
      const { metadata } = await send(false);
      isDone.current = true;
      go(
        links.object(cluster, kind.resource, {
          name: metadata?.name ?? '',
          ...(namespace ? { namespace } : {}),
        }),
      );
    } catch (error) {
      setReview({ state: 'refused', status: statusOf(error) });
    }
  };
  return (
    <Page title={t('wizard.create')} intro={t('wizard.intro')}>
      <WorkloadForm
        cluster={cluster}
        object={object}
        onChange={(change) => setObject(change)}
        isNew
        onReview={() => void ask()}
        review={
          <div className={styles['stack']}>
            {review.state === 'asking' ? <Loading /> : null}
            {review.state === 'refused' ? (
              <>
                <Alert type="error" showIcon title={t('yaml.refused')} />
                <Refusal status={review.status} />
              </>
            ) : null}
            {review.state === 'accepted' || review.state === 'making' ? (
              <>
                <Alert type="info" showIcon title={t('yaml.accepted')} />
                <div>
                  <Button
                    type="primary"
                    loading={review.state === 'making'}
                    onClick={() => void make(review.text)}
                  >
                    {t('action.create')}
                  </Button>
                </div>
                <DiffView
                  before={{ title: t('yaml.diff.before'), text: '' }}
                  after={{ title: t('yaml.diff.after'), text: review.text }}
                />
              </>
            ) : null}
          </div>
        }
      />
    </Page>
  );
}
