import { actions } from './actions.ts';
import { charts } from './charts.ts';
import { editor } from './editor.ts';
import { fleet } from './fleet.ts';
import { kinds } from './kinds.ts';
import { resources } from './resources.ts';
import { shell } from './shell.ts';
import { status } from './status.ts';
import { table } from './table.ts';

export const zh = {
  ...actions,
  ...charts,
  ...editor,
  ...fleet,
  ...kinds,
  ...resources,
  ...shell,
  ...status,
  ...table,
} as const;
