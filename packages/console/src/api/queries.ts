/** One cache of what was asked of the backend. Reads are repeated on failure of the network only; a refusal stands. */
import { QueryClient } from '@tanstack/react-query';
import { StatusError } from './status-error.ts';

const attemptsMax = 3;

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
