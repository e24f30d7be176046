import { lazy, Suspense } from 'react';
import { closeActionDialog, useActionDialog } from './dialog-state.ts';

const RunDialog = lazy(async () => ({ default: (await import('./run-dialog.tsx')).RunDialog }));
const ScaleDialog = lazy(async () => ({ default: (await import('./scale-dialog.tsx')).ScaleDialog }));
const LabelsDialog = lazy(async () => ({ default: (await import('./labels-dialog.tsx')).LabelsDialog }));
const HistoryDialog = lazy(async () => ({ default: (await import('./history-dialog.tsx')).HistoryDialog }));
const AutonomyDialog = lazy(async () => ({
  default: (await import('./autonomy-dialog.tsx')).AutonomyDialog,
}));

/** The dialog of the action that was chosen last, if one was. */
export function ActionDialogs() {
  const dialog = useActionDialog();
  if (!dialog) return null;
  const props = { dialog, onClose: closeActionDialog };
  const key = JSON.stringify([dialog.action, dialog.targets]);
  return (
    <Suspense fallback={null}>
      {dialog.action === 'scale' ? (
        <ScaleDialog key={key} {...props} />
      ) : dialog.action === 'labels' ? (
        <LabelsDialog key={key} {...props} />
      ) : dialog.action === 'history' ? (
        <HistoryDialog key={key} {...props} />
      ) : dialog.action === 'autonomy' ? (
        <AutonomyDialog key={key} {...props} />
      ) : (
        <RunDialog key={key} {...props} />
      )}
    </Suspense>
  );
}
