import type { Row } from '@skerry/center/contract';

/** What a row offers: a screen to go to, or something to do. */
export interface RowAction {
  readonly id: string;
  readonly title: string;
  readonly isDangerous?: boolean;
  readonly to?: string;
  readonly run?: () => void;
  /** It changes nothing, so that it is offered in read-only mode, too. */
  readonly isReading?: boolean;
  /** Always behind "More". */
  readonly isInMenu?: boolean;
}

/** What can be done to many rows at once. */
export interface BulkAction {
  readonly id: string;
  readonly title: string;
  readonly isDangerous?: boolean;
  readonly mayBeDone: (row: Row) => boolean;
  readonly run: (rows: readonly Row[]) => void;
}
