/** One cache of what was asked of the backend. Reads are repeated on failure of the network only; a refusal stands. */
import { notifyManager, QueryClient } from '@tanstack/react-query';
import { StatusError } from './status-error.ts';

const attemptsMax = 3;

// What a click changes in the cache is seen in the turn of the click, and not a timer later: boxes would jump back in between.
notifyManager.setScheduler(queueMicrotask);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < attemptsMax && !(error instanceof StatusError && error.code >= 400 && error.code < 500),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
