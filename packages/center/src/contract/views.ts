/** Tones of a state; a word and a mark always go with the colour. */
export type Tone = 'ok' | 'progressing' | 'warning' | 'error' | 'disconnected' | 'unknown';

/** What is asked of a view, as it stands in the query string. */
export interface ViewQuery {
  /** Free text and `key:value` tokens, `-key:value` to leave out: `status:NotReady pool:osaka label:app=x web`. */
  readonly q?: string;
  readonly namespace?: readonly string[];
  readonly region?: string;
  readonly pool?: string;
  /** Column to sort by; `-` before it for descending. */
  readonly sort?: string;
  /** First row, from 0. */
  readonly offset?: number;
  /** At most 200; 50 unless told. */
  readonly limit?: number;
  /** Groups are counted by region and pool where the resource has a place. */
  readonly group?: 'pool' | 'region' | 'namespace' | 'none';
  /** Columns of one's own, at most 8: `label:app`, `annotation:example.com/note`, `field:.spec.replicas`. */
  readonly columns?: readonly string[];
}

export type Cell =
  | string
  | number
  | null
  | { readonly state: string; readonly tone: Tone; readonly why?: string; readonly since?: string };

export interface Row {
  /** `metadata.uid`. */
  readonly key: string;
  readonly name: string;
  readonly namespace?: string;
  readonly region?: string;
  readonly pool?: string;
  /** By the columns of the page. */
  readonly cells: readonly Cell[];
  readonly created: string;
  /** What the caller may do to it, among the actions of the view. */
  readonly actions?: readonly string[];
}

export interface Column {
  readonly id: string;
  /** English; the console translates those it knows by id. */
  readonly title: string;
  readonly type: 'text' | 'number' | 'date' | 'state' | 'quantity';
  /** 0: always; 1: shown when asked for. */
  readonly priority: number;
  readonly sortable: boolean;
}

export interface Group {
  readonly region?: string;
  readonly pool?: string;
  readonly namespace?: string;
  readonly total: number;
  /** By tone of the row's state. */
  readonly tones: Readonly<Partial<Record<Tone, number>>>;
}

/** How fresh what is shown is. */
export interface Freshness {
  readonly state: 'live' | 'connecting' | 'stale';
  /** While the first whole state still comes: how many objects of it are there. */
  readonly read?: number;
  /** RFC 3339: when it was last known to be true, if it is stale. */
  readonly since?: string;
  readonly why?: string;
}

export interface Page {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Rows that match, on all pages. */
  readonly total: number;
  /** In the order they are shown; the rows of a page are sorted within. */
  readonly groups: readonly Group[];
  /** Values of what can be filtered by, with counts: at most 50 each. */
  readonly facets: Readonly<Record<string, readonly { readonly value: string; readonly count: number }[]>>;
  readonly freshness: Freshness;
}

/** Something that wants a person's attention, worst first. */
export interface Attention {
  readonly tone: Tone;
  /** Which rule found it; the console's wording goes by this, with `values`. */
  readonly rule: string;
  readonly values: Readonly<Record<string, string | number>>;
  /** English, for those who don't know the rule. */
  readonly message: string;
  readonly cluster: string;
  /** Where in the console to look, from the root. */
  readonly link: string;
}

export interface ClusterSummary {
  readonly name: string;
  readonly kind: 'hosted' | 'imported';
  readonly region: string;
  readonly version: string;
  readonly state: {
    readonly state: string;
    readonly tone: Tone;
    readonly why?: string;
    readonly since?: string;
  };
  readonly nodes: Readonly<Partial<Record<Tone, number>>>;
  readonly pods: Readonly<Partial<Record<Tone, number>>>;
  readonly gpus?: { readonly capacity: number; readonly used: number };
  /** Share of the time since it was made in which it answered, 0 to 1. */
  readonly availability?: number;
}

export interface Home {
  readonly clusters: readonly ClusterSummary[];
  readonly attention: readonly Attention[];
}

export interface Overview {
  readonly summary: ClusterSummary;
  readonly regions: readonly {
    readonly region: string;
    readonly pools: readonly {
      readonly pool: string;
      readonly nodes: Readonly<Partial<Record<Tone, number>>>;
    }[];
  }[];
  /** In bytes, cores and pieces. */
  readonly capacity: Readonly<
    Record<string, { readonly allocatable: number; readonly requested: number; readonly used?: number }>
  >;
  readonly attention: readonly Attention[];
  readonly freshness: Freshness;
}

/** What is searched for, as it stands in the query string: words that all must be found. At most 50 hits, 20 unless told. */
export interface SearchQuery {
  readonly q: string;
  readonly limit?: number;
  readonly cluster?: string;
}

export interface SearchHit {
  readonly cluster: string;
  readonly resource: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly link: string;
}

/** What a chart shows, in the query string of a metrics path: of one pod, one node, one pool, or of the whole cluster. */
export interface MetricsQuery {
  /** `network` has lines for what came and what went. */
  readonly metric: 'cpu' | 'memory' | 'network' | 'gpu';
  readonly namespace?: string;
  readonly pod?: string;
  readonly node?: string;
  readonly pool?: string;
  /** How far back, in seconds; an hour unless told, a day at most, and of pods an hour. At most some 300 points come. */
  readonly seconds?: number;
}

export interface Series {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly {
    readonly name: string;
    /** `cores`, `bytes`, `bytes/s`, `ratio`, `pieces`. */
    readonly unit: string;
    readonly values: readonly (number | null)[];
  }[];
  /** Why there are no lines: nothing reports it, or it would have to be asked of too many machines. */
  readonly none?: 'not-reported' | 'too-many-nodes' | 'foreign';
}

export interface GpuView {
  readonly nodes: readonly {
    readonly node: string;
    readonly region: string;
    readonly pool: string;
    readonly resource: string;
    readonly model?: string;
    readonly capacity: number;
    /** How busy the node's GPUs are now, 0 to 1; unset where nothing says so. */
    readonly busy?: number;
    /** Those that the caller may not see stand together, without a name. */
    readonly holders: readonly {
      readonly namespace: string;
      readonly pod: string;
      readonly count: number;
      readonly busy?: number;
    }[];
  }[];
  /** Whether anything says how busy GPUs are: not where no exporter tells, nor where the center asks no machines. */
  readonly measured: 'yes' | 'none' | 'foreign';
  readonly waiting: readonly {
    readonly namespace: string;
    readonly pod: string;
    readonly count: number;
    readonly since: string;
    readonly why: string;
    /** Pools whose nodes could take it, free or once freed. */
    readonly couldHost: readonly { readonly pool: string; readonly region: string; readonly free: number }[];
  }[];
}

export interface PlacementQuestion {
  readonly namespace: string;
  /** A PodTemplateSpec. */
  readonly template: object;
  /** Asked for a DaemonSet: its pods tolerate more than others. */
  readonly daemonSet?: boolean;
}

export interface PlacementAnswer {
  readonly matching: number;
  readonly total: number;
  readonly pools: readonly {
    readonly pool: string;
    readonly region: string;
    readonly matching: number;
    readonly total: number;
  }[];
  /** Why the others don't, most frequent first. */
  readonly reasons: readonly { readonly why: string; readonly nodes: number }[];
}
