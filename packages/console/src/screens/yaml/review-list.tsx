/** What would come of each document, or what came of it: a word, the server's own words where it refused, and the difference. */
import { links } from '@skerry/center/contract';
import { Button, Collapse } from 'antd';
import type { Tone } from '@skerry/center/contract';
import { resourceText } from '#api/cluster-types.ts';
import type { Status } from '#api/status-error.ts';
import { Link } from '#app/link.tsx';
import { DiffView } from '#editor/diff-view.tsx';
import { useT, type MessageId } from '#i18n/index.ts';
import type { Check, Outcome } from '#manifests/apply.ts';
import type { Manifest } from '#manifests/manifest.ts';
import { StateTag } from '#ui/tone.tsx';
import styles from './yaml.module.css';

export interface Reviewed {
  readonly manifest: Manifest;
  readonly check?: Check;
  readonly outcome?: Outcome | 'running';
}

interface ReviewListProps {
  readonly cluster: string;
  readonly of: readonly Reviewed[];
  readonly onGoTo?: (position: number) => void;
}

export function ReviewList({ cluster, of, onGoTo }: ReviewListProps) {
  const t = useT();
  return (
    <ol className={styles['reviews']} aria-label={t('yaml.results')}>
      {of.map(({ manifest, check, outcome }) => (
        <li key={manifest.index} className={styles['review']}>
          <div className={styles['reviewHead']}>
            <ReviewState check={check} outcome={outcome} />
            <span className={styles['what']}>
              {manifest.kind} <Name cluster={cluster} manifest={manifest} outcome={outcome} />
              {manifest.namespace ? <span className="muted"> · {manifest.namespace}</span> : null}
            </span>
            {onGoTo ? (
              <Button type="link" size="small" onClick={() => onGoTo(manifest.from)}>
                {t('yaml.goTo')}
                <span className="visually-hidden"> {manifest.name}</span>
              </Button>
            ) : null}
          </div>
          <Detail check={check} outcome={outcome} />
        </li>
      ))}
    </ol>
  );
}

function Name({
  cluster,
  manifest,
  outcome,
}: {
  readonly cluster: string;
  readonly manifest: Manifest;
  readonly outcome: Reviewed['outcome'];
}) {
  if (outcome === undefined || outcome === 'running' || outcome.state === 'failed') {
    return <strong>{manifest.isGenerated ? `${manifest.name}…` : manifest.name}</strong>;
  }
  const { type, name, namespace } = outcome;
  return (
    <Link to={links.object(cluster, resourceText(type), { name, ...(namespace ? { namespace } : {}) })}>
      {name}
    </Link>
  );
}

const tones: Readonly<Record<Check['state'] | Outcome['state'] | 'running' | 'checking', Tone>> = {
  new: 'ok',
  created: 'ok',
  changed: 'warning',
  unchanged: 'unknown',
  waits: 'progressing',
  conflict: 'error',
  failed: 'error',
  running: 'progressing',
  checking: 'progressing',
};

function ReviewState({ check, outcome }: Pick<Reviewed, 'check' | 'outcome'>) {
  const t = useT();
  const state = outcome === 'running' ? 'running' : (outcome?.state ?? check?.state ?? 'checking');
  const isDone = outcome !== undefined && outcome !== 'running';
  const id: MessageId = isDone
    ? `yaml.outcome.${outcome.state}`
    : outcome === 'running'
      ? 'yaml.outcome.running'
      : `yaml.check.${check?.state ?? 'checking'}`;
  return <StateTag state={t(id)} tone={isDone && state === 'changed' ? 'ok' : tones[state]} />;
}

function Detail({ check, outcome }: Pick<Reviewed, 'check' | 'outcome'>) {
  const t = useT();
  if (outcome === 'running') return null;
  if (outcome) return outcome.state === 'failed' ? <Refusal status={outcome.status} /> : null;
  switch (check?.state) {
    case 'failed':
      return <Refusal status={check.status} />;
    case 'conflict':
      return (
        <div>
          <p>{t('yaml.conflict.owned')}</p>
          <ul className={styles['owned']}>
            {check.fields.map(({ field, owner }) => (
              <li key={`${field} ${owner}`}>
                <code>{field}</code> – {owner}
              </li>
            ))}
          </ul>
        </div>
      );
    case 'waits':
      return <p className="muted">{t(`yaml.waits.${check.for}`)}</p>;
    case 'new':
    case 'changed':
      return (
        <Collapse
          size="small"
          defaultActiveKey={check.state === 'changed' ? ['diff'] : []}
          items={[
            {
              key: 'diff',
              label: t('yaml.diff'),
              children: (
                <DiffView
                  before={{ title: t('yaml.diff.before'), text: check.before }}
                  after={{ title: t('yaml.diff.after'), text: check.after }}
                />
              ),
            },
          ]}
        />
      );
    default:
      return null;
  }
}

export function Refusal({ status }: { readonly status: Status }) {
  const t = useT();
  const causes = status.details?.causes ?? [];
  return (
    <div className={styles['refusal']} role="alert">
      <p>{status.message ?? status.reason ?? t('state.failed')}</p>
      {causes.length > 1 ? (
        <ul>
          {causes.map(({ field, message }) => (
            <li key={`${field} ${message}`}>
              {field ? <code>{field}</code> : null} {message}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
