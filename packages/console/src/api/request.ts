/**
 * Requests to the backend. Adds the session's token against forged requests; asks for a fresh proof of identity where the
 * backend wants one, and repeats the request with it; tells when the session has ended.
 */
import { csrfHeader, paths, type StepUpReason } from '@skerry/center/contract';
import { StatusError, type Status } from './status-error.ts';

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** Sent as it is, with this type, instead of `body`. */
  readonly raw?: { readonly type: string; readonly text: string };
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly signal?: AbortSignal;
  readonly accept?: string;
}

/** Who has to be told about the session; the shell sets them. */
export const sessionHooks = {
  csrfToken: '',
  /** Asks the person for their password. @returns whether it was given and right */
  stepUp: (): Promise<boolean> => Promise.resolve(false),
  ended: (): void => {},
  /** Throws where the person has said that nothing shall be changed. */
  check: (_path: string, _options: RequestOptions): void => {},
};

const stepUpRequired: StepUpReason = 'StepUpRequired';
const timeoutMs = 60_000;

export async function request<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await send(path, options);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

export async function requestText(path: string, options: RequestOptions = {}): Promise<string> {
  return (await send(path, options)).text();
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  sessionHooks.check(path, options);
  const response = await once(path, options);
  if (response.ok) return response;
  const status = await readStatus(response);
  if (status.reason === stepUpRequired && path !== paths.stepUp && (await sessionHooks.stepUp())) {
    const again = await once(path, options);
    if (again.ok) return again;
    throw new StatusError(await readStatus(again));
  }
  if (response.status === 401) sessionHooks.ended();
  throw new StatusError(status);
}

async function once(
  path: string,
  { method = 'GET', body, raw, query, signal, accept }: RequestOptions,
): Promise<Response> {
  const headers: Record<string, string> = { accept: accept ?? 'application/json' };
  if (method !== 'GET') headers[csrfHeader] = sessionHooks.csrfToken;
  if (raw) headers['content-type'] = raw.type;
  else if (body !== undefined) headers['content-type'] = 'application/json';
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await fetch(`${path}${queryString(query)}`, {
      method,
      headers,
      body: raw ? raw.text : body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new StatusError({
      reason: 'Unreachable',
      message: error instanceof Error ? error.message : '',
      code: 0,
    });
  }
}

async function readStatus(response: Response): Promise<Status> {
  try {
    const body = (await response.json()) as Status;
    return { ...body, code: body.code ?? response.status };
  } catch {
    return { code: response.status, message: `HTTP ${response.status} ${response.statusText}` };
  }
}

export function queryString(query: RequestOptions['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
