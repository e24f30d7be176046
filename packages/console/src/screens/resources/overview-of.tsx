import type { Row } from '@skerry/center/contract';
import type { ApiObject } from '#api/objects.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { selectorText } from '#kinds/selector.ts';
import { listAt, textAt, valueAt } from '#kinds/values.ts';
import { Age, Since } from '#ui/age.tsx';
import { Chips } from '#ui/chips.tsx';
import { Card, Facts, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { StateTag } from '#ui/tone.tsx';
import { ContainersOf } from './containers-of.tsx';
import { DataOf } from './data-of.tsx';
import { factsOf } from './facts-of.tsx';
import { OwnersOf } from './owners-of.tsx';
import { SpreadOf } from './spread-of.tsx';

interface OverviewOfProps {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly object: ApiObject;
  /** Tells what may be done to it. */
  readonly row: Row | undefined;
}

export function OverviewOf({ cluster, kind, object, row }: OverviewOfProps) {
  const t = useT();
  const { metadata } = object;
  const selector = selectorText(valueAt(object, 'spec', 'selector'));
  return (
    <Stack>
      <Card title={t('tab.basic')}>
        <Facts
          of={[
            ...factsOf({ cluster, kind, object, t }),
            [t('column.created'), <Since key="created" instant={metadata.creationTimestamp} />],
            ...(metadata.ownerReferences?.length
              ? ([[t('column.owner'), <OwnersOf key="owners" cluster={cluster} object={object} />]] as const)
              : []),
          ]}
          wide={[
            [t('column.labels'), <Chips key="labels" of={metadata.labels} />],
            ...(metadata.annotations
              ? ([
                  [
                    t('field.annotations'),
                    <Chips key="annotations" of={shortAnnotations(metadata.annotations)} />,
                  ],
                ] as const)
              : []),
          ]}
        />
      </Card>
      {kind.templatePath && selector ? (
        <SpreadOf cluster={cluster} namespace={metadata.namespace ?? ''} selector={selector} />
      ) : null}
      <ContainersOf cluster={cluster} kind={kind} object={object} row={row} />
      <DataOf cluster={cluster} kind={kind} object={object} />
      <Conditions object={object} />
    </Stack>
  );
}

function Conditions({ object }: { readonly object: ApiObject }) {
  const t = useT();
  const conditions = listAt(object, 'status', 'conditions');
  if (conditions.length === 0) return null;
  return (
    <Card title={t('tab.conditions')} isFlush>
      <PlainTable
        label={t('tab.conditions')}
        head={[
          t('column.type'),
          t('column.status'),
          t('column.reason'),
          t('column.message'),
          t('column.since'),
        ]}
        rows={conditions.map((condition) => ({
          key: textAt(condition, 'type') ?? '',
          cells: [
            textAt(condition, 'type'),
            <StateTag key="status" state={textAt(condition, 'status') ?? ''} tone={toneOf(condition)} />,
            textAt(condition, 'reason'),
            textAt(condition, 'message'),
            <Age key="age" since={textAt(condition, 'lastTransitionTime')} />,
          ],
        }))}
      />
    </Card>
  );
}

/** Of some conditions it is their absence that is good. */
const goodWhenFalse = /Pressure$|^NetworkUnavailable$|^ReplicaFailure$|^Failed$|^Stalled$/;

function toneOf(condition: unknown): 'ok' | 'warning' | 'unknown' {
  const status = textAt(condition, 'status');
  if (status === 'Unknown') return 'unknown';
  return (status === 'True') === !goodWhenFalse.test(textAt(condition, 'type') ?? '') ? 'ok' : 'warning';
}

const lengthMax = 200;

/** Whole manifests that tools leave in annotations are no use to look at. */
function shortAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([, value]) => value.length <= lengthMax));
}
