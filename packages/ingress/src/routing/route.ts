/** What the proxy does with a request: the form that Ingresses and HTTPRoutes are brought into. */
export interface Route {
  readonly path: PathMatch;
  readonly method?: string;
  /** Names in lower case. */
  readonly headers: readonly ValueMatch[];
  readonly query: readonly ValueMatch[];
  readonly order: RouteOrder;
  readonly action: Action;
}

export interface PathMatch {
  /** `Prefix` by elements of the path. */
  readonly type: 'Exact' | 'Prefix';
  readonly value: string;
}

export interface ValueMatch {
  readonly name: string;
  readonly value: string;
}

/** Which of two routes that fit equally well is meant: the older object's, then by name, then the first in it. */
export interface RouteOrder {
  /** Default backends come after everything. */
  readonly isDefault: boolean;
  readonly createdMs: number;
  readonly name: string;
  readonly index: number;
}

export type Action =
  | { readonly type: 'answer'; readonly status: number }
  | ({
      readonly type: 'redirect';
      readonly status: number;
      readonly responseHeaders?: HeaderChanges;
    } & Rewrite & {
        readonly scheme?: 'http' | 'https';
        readonly port?: number;
      })
  | {
      readonly type: 'forward';
      readonly backends: readonly Backend[];
      readonly requestHeaders?: HeaderChanges;
      readonly responseHeaders?: HeaderChanges;
      readonly rewrite?: Rewrite;
      /** From the request's head to the end of its answer. */
      readonly timeoutMs?: number;
      /** The same for one endpoint. */
      readonly backendTimeoutMs?: number;
    };

export interface Rewrite {
  readonly hostname?: string;
  readonly path?:
    | { readonly type: 'full'; readonly value: string }
    | { readonly type: 'prefix'; readonly value: string };
}

export interface HeaderChanges {
  readonly set: readonly ValueMatch[];
  readonly add: readonly ValueMatch[];
  /** In lower case. */
  readonly remove: readonly string[];
}

export interface Backend {
  readonly weight: number;
  /** `invalid` where a reference leads nowhere: its share of the requests is answered with 500. */
  readonly service: ServicePortRef | 'invalid';
}

export interface ServicePortRef {
  readonly namespace: string;
  readonly name: string;
  /** Number or name of a port of the Service. */
  readonly port: number | string;
}
