import { management } from '#api/objects.ts';
import type { Translate } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import type { RowAction } from '#table/row-action.ts';
import { openActionDialog } from './dialog-state.ts';

/** The action that deletes an object of the center, after it has been asked for. */
export function deletionOf(
  kind: KindEntry,
  name: string,
  { t, onDone }: { readonly t: Translate; readonly onDone?: () => void },
): RowAction {
  return {
    id: 'delete',
    title: t('action.delete'),
    isDangerous: true,
    run: () =>
      openActionDialog({
        action: 'delete',
        cluster: management,
        kind,
        targets: [{ name }],
        ...(onDone ? { onDone } : {}),
      }),
  };
}
