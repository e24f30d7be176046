/** Answers of an API server as they come: what `ApiClient`, which reads JSON whole, has no form for. */
import { ApiError, type Status } from '@skerry/api';
import type { Transport, TransportResponse } from '@skerry/client';

export interface StreamRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const errorBytesMax = 64 * 1024;
const answerBytesMax = 256 * 1024 * 1024;

/** The open answer of a successful GET; of any other, its `Status` is thrown. @throws ApiError, TransportError */
export async function openStream(transport: Transport, request: StreamRequest): Promise<TransportResponse> {
  const response = await transport.request({
    method: 'GET',
    path: request.path,
    headers: { accept: 'application/json', 'user-agent': 'skerry-center', ...request.headers },
    ...(request.signal ? { signal: request.signal } : {}),
  });
  if (response.status >= 200 && response.status < 300) return response;
  throw errorOf(response.status, await readAll(response, errorBytesMax).catch(() => ''));
}

function errorOf(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as Partial<Status>;
    if (status.kind === 'Status') return ApiError.fromStatus(status, code);
  } catch {
    // Not every answer on the way to an API server is one of its own.
  }
  return ApiError.fromStatus({ message: text.trim().slice(0, 500) || `HTTP status ${code}` }, code);
}

export async function readAll({ body }: TransportResponse, bytesMax = answerBytesMax): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > bytesMax) throw new ApiError('InternalError', `an answer is over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
