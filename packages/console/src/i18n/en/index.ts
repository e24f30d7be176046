import { fleet } from './fleet.ts';
import { kinds } from './kinds.ts';
import { shell } from './shell.ts';
import { status } from './status.ts';
import { table } from './table.ts';

export const en = {
  ...fleet,
  ...kinds,
  ...shell,
  ...status,
  ...table,
} as const;
