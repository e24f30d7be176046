import { get } from 'node:https';
import type { FetchJson } from '@skerry/pki';

const bytesMax = 1024 * 1024;
const timeoutMs = 15_000;

/** GET of a JSON document over verified TLS: no redirects, a bounded body and time. */
export const httpsJson: FetchJson = (url, { authorityPem }) =>
  new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`get ${url}: ${why}`));
    const signal = AbortSignal.timeout(timeoutMs);
    const options = {
      ca: authorityPem,
      headers: { accept: 'application/json' },
      agent: false,
      signal,
    } as const;
    const request = get(url, options, (response) => {
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
  });
