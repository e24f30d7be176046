import type { AnyObject } from '@skerry/api';

export interface CallResult {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON body, or its text. */
  readonly body: AnyObject & { readonly message?: string; readonly items?: AnyObject[] };
}

export type Caller = (
  method: string,
  path: string,
  body?: unknown,
  options?: { contentType?: string; headers?: Record<string, string> },
) => Promise<CallResult>;

/** Calls a server as curl would: JSON in, JSON out, nothing hidden. */
export function callerOf(url: string): Caller {
  return async (method, path, body, { contentType = 'application/json', headers = {} } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': contentType }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };
}

function parsed(text: string): CallResult['body'] {
  try {
    return JSON.parse(text) as CallResult['body'];
  } catch {
    return { message: text };
  }
}
