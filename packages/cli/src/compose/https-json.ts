import { request as httpsRequest } from 'node:https';
import type { PostForm } from '@skerry/center';
import type { FetchJson } from '@skerry/pki';

const bytesMax = 1024 * 1024;
const timeoutMs = 15_000;

/** GET of a JSON document over verified TLS: no redirects, a bounded body and time. */
export const httpsJson: FetchJson = (url, { authorityPem }) =>
  askJson(url, { method: 'GET', headers: {}, authorityPem });

/** POST of a form, answered with JSON; the same bounds. */
export const httpsForm: PostForm = (url, form, { authorityPem, authorization }) =>
  askJson(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization ? { authorization } : {}),
    },
    body: form.toString(),
    authorityPem,
  });

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly authorityPem: string | undefined;
}

function askJson(url: string, { method, headers, body, authorityPem }: Asked): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${method.toLowerCase()} ${url}: ${why}`));
    const options = {
      method,
      ca: authorityPem,
      headers: { accept: 'application/json', ...headers },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    } as const;
    const request = httpsRequest(url, options, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        fail(`status ${response.statusCode}`);
        return;
      }
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > bytesMax) {
          request.destroy();
          fail(`more than ${bytesMax} bytes`);
          return;
        }
        chunks.push(chunk);
      });
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        } catch {
          fail('its body is no JSON');
        }
      });
    });
    request.on('error', (error) => fail(error.message));
    request.end(body);
  });
}
