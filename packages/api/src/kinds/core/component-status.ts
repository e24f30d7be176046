import type { ComponentStatus } from '#types.generated.ts';
import { type KindBehaviour } from '#kinds/behaviour.ts';
import { column, nameColumn } from '#kinds/columns.ts';

function healthOf({ conditions }: ComponentStatus) {
  return conditions?.find(({ type }) => type === 'Healthy');
}

const words: Readonly<Record<string, string>> = { True: 'Healthy', False: 'Unhealthy' };

export const componentStatusBehaviour: KindBehaviour = {
  columns: [
    nameColumn,
    column<ComponentStatus>('Status', (component) => words[healthOf(component)?.status ?? ''] ?? 'Unknown'),
    column<ComponentStatus>('Message', (component) => healthOf(component)?.message),
    column<ComponentStatus>('Error', (component) => healthOf(component)?.error),
  ],
  strategy: {},
};
