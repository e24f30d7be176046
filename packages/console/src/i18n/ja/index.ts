import { actions } from './actions.ts';
import { attention } from './attention.ts';
import { charts } from './charts.ts';
import { clusters } from './clusters.ts';
import { definitions } from './definitions.ts';
import { dock } from './dock.ts';
import { editor } from './editor.ts';
import { fleet } from './fleet.ts';
import { kinds } from './kinds.ts';
import { nodes } from './nodes.ts';
import { people } from './people.ts';
import { resources } from './resources.ts';
import { shell } from './shell.ts';
import { status } from './status.ts';
import { table } from './table.ts';
import { tasks } from './tasks.ts';
import { wizard } from './wizard.ts';

export const ja = {
  ...actions,
  ...attention,
  ...charts,
  ...clusters,
  ...definitions,
  ...dock,
  ...editor,
  ...fleet,
  ...kinds,
  ...nodes,
  ...people,
  ...resources,
  ...shell,
  ...status,
  ...table,
  ...tasks,
  ...wizard,
} as const;
