/**
 * Names over all clusters, for the command palette. Every copy that the center holds is walked through: a hundred thousand names
 * take a few milliseconds, and an index of parts of names would take more memory than the copies do.
 */
import { links, type SearchHit, type SearchQuery } from '#contract/index.ts';
import { poolsId } from '#cache/cluster-cache.ts';
import type { Item } from '#cache/item.ts';
import type { Caller } from '#http/caller.ts';
import { SeenCluster, type SeenClusterOptions } from '#overview/seen-cluster.ts';
import { inParallel } from '#rights/in-parallel.ts';
import { matchScore } from '#search/match-score.ts';

/** What is searched in each cluster, the likeliest to be meant first. */
const searched = [
  'deployments.apps',
  'daemonsets.apps',
  'statefulsets.apps',
  'nodes',
  poolsId,
  'pods',
  'services',
  'namespaces',
  'jobs.batch',
  'cronjobs.batch',
  'configmaps',
  'ingresses.networking.k8s.io',
  'persistentvolumeclaims',
  'customresourcedefinitions.apiextensions.k8s.io',
];

const hits = { usual: 20, max: 50 };
const wordsMax = 8;
const queryLengthMax = 200;
/** The first search of a cluster waits so long for its copies. */
const waitMs = 1_500;
const parallelMax = 8;

interface Scored {
  readonly score: number;
  readonly rank: number;
  readonly cluster: string;
  readonly resource: string;
  readonly kind: string;
  readonly item: Item;
}

export class SearchService {
  readonly #options: SeenClusterOptions;

  constructor(options: SeenClusterOptions) {
    this.#options = options;
  }

  async search(caller: Caller, { q, limit = hits.usual, cluster }: SearchQuery): Promise<SearchHit[]> {
    const words = q.toLowerCase().slice(0, queryLengthMax).split(/\s+/).filter(Boolean).slice(0, wordsMax);
    if (words.length === 0) return [];
    const clusters = this.#options.access
      .list(caller)
      .filter((name) => cluster === undefined || name === cluster);
    const best = new Best(Math.min(Math.max(1, limit), hits.max));
    await inParallel(clusters, parallelMax, async (name) => {
      const seen = new SeenCluster(caller, name, this.#options);
      await inParallel(searched.entries(), parallelMax, async ([rank, resource]) => {
        // A cluster that can't be asked has no names to show.
        const items = await seen.items(resource, waitMs).catch(() => []);
        const { kind } = seen.cache.known(resource).view.ref;
        const around = `${name} ${kind.toLowerCase()}`;
        for (const item of items) {
          const { namespace } = item.metadata;
          const score = matchScore(words, item.metadata.name, { around, namespace });
          if (score > 0) best.offer({ score, rank, cluster: name, resource, kind, item });
        }
      });
    });
    return best.sorted().map(hitOf);
  }
}

/** Keeps the best of many. */
class Best {
  readonly #limit: number;
  #kept: Scored[] = [];
  #least = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(scored: Scored): void {
    if (scored.score <= this.#least) return;
    this.#kept.push(scored);
    // Sorted now and then, not at each: whatever is below the limit by then need not be looked at.
    if (this.#kept.length >= this.#limit * 8) this.#shrink();
  }

  sorted(): readonly Scored[] {
    this.#shrink();
    return this.#kept;
  }

  #shrink(): void {
    this.#kept.sort(byScore);
    this.#kept = this.#kept.slice(0, this.#limit);
    if (this.#kept.length === this.#limit) this.#least = this.#kept.at(-1)!.score;
  }
}

function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || a.rank - b.rank || (a.item.metadata.name < b.item.metadata.name ? -1 : 1);
}

function hitOf({ cluster, resource, kind, item }: Scored): SearchHit {
  const { name, namespace } = item.metadata;
  return {
    cluster,
    resource,
    kind,
    name,
    ...(namespace ? { namespace } : {}),
    link: linkOf(cluster, resource, { name, ...(namespace ? { namespace } : {}) }),
  };
}

function linkOf(cluster: string, resource: string, object: { name: string; namespace?: string }): string {
  if (resource === 'nodes') return links.node(cluster, object.name);
  if (resource === poolsId) return links.pool(cluster, object.name);
  return links.object(cluster, resource, object);
}
