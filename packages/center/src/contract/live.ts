import type { Freshness, Page, ViewQuery } from './views.ts';

/** Up the one WebSocket of a tab. A new query under an id that is in use replaces it. */
export type LiveRequest =
  | {
      readonly type: 'show';
      readonly id: string;
      readonly cluster: string;
      readonly resource: string;
      readonly query: ViewQuery;
    }
  | { readonly type: 'hide'; readonly id: string }
  /** The tab went to the back or came to the front: changes then come once in ten seconds. */
  | { readonly type: 'visibility'; readonly visible: boolean };

/**
 * Down: a page whole at first and whenever much of it changed, else what changed of it, at most four times a second. The
 * backend never sends more than 256 KiB a second to a tab; past that it only says how many changes there are.
 */
export type LiveMessage =
  | { readonly type: 'page'; readonly id: string; readonly page: Page }
  | {
      readonly type: 'change';
      readonly id: string;
      /** The rows of the page in order, by key, when the order changed. */
      readonly order?: readonly string[];
      readonly rows?: Page['rows'];
      readonly total?: number;
      readonly groups?: Page['groups'];
      readonly facets?: Page['facets'];
    }
  | { readonly type: 'pending'; readonly id: string; readonly changes: number }
  | { readonly type: 'freshness'; readonly id: string; readonly freshness: Freshness }
  /** A Kubernetes Status: the view can't be shown (any more). */
  | { readonly type: 'error'; readonly id: string; readonly status: object };
