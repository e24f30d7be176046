import { useState } from 'react';
import { statusOf, type Status } from '#api/status-error.ts';

/** One write at a time: whether it goes on, and how the last one failed. */
export function useSubmit() {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Status>();
  const submit = async (write: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await write();
    } catch (error) {
      setFailure(statusOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, failure, submit };
}
