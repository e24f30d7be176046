import { Beside, part } from '#ui/part.tsx';
import { closeActionDialog, useActionDialog } from './dialog-state.ts';

const RunDialog = part(async () => (await import('./run-dialog.tsx')).RunDialog);
const ScaleDialog = part(async () => (await import('./scale-dialog.tsx')).ScaleDialog);
const LabelsDialog = part(async () => (await import('./labels-dialog.tsx')).LabelsDialog);
const HistoryDialog = part(async () => (await import('./history-dialog.tsx')).HistoryDialog);
const AutonomyDialog = part(async () => (await import('./autonomy-dialog.tsx')).AutonomyDialog);

/** The dialog of the action that was chosen last, if one was. */
export function ActionDialogs() {
  const dialog = useActionDialog();
  if (!dialog) return null;
  const props = { dialog, onClose: closeActionDialog };
  const key = JSON.stringify([dialog.action, dialog.targets]);
  return (
    <Beside key={key}>
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
    </Beside>
  );
}
