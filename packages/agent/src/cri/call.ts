import {
  status as grpcStatus,
  type ClientUnaryCall,
  type Metadata,
  type CallOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import { RuntimeError, type RuntimeErrorCode } from '#runtime.ts';

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One call with a deadline; what went wrong comes back as a `RuntimeError` that names the call. */
export function call<Request, Response>(
  method: Unary<Request, Response>,
  request: Request,
  options: { name: string; metadata: Metadata; timeoutMs: number; signal?: AbortSignal },
): Promise<Response> {
  const { name, metadata, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new RuntimeError('failed', `${name}: stopped before it began`, { cause: signal.reason }));
      return;
    }
    // The deadline is handed to gRPC as a point in time; this and nothing else of the agent's time goes through it.
    const pending = method(request, metadata, { deadline: Date.now() + timeoutMs }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error) reject(toRuntimeError(name, error));
      else resolve(response);
    });
    const cancel = () => pending.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

const codes = new Map<grpcStatus, RuntimeErrorCode>([
  [grpcStatus.NOT_FOUND, 'not-found'],
  [grpcStatus.DEADLINE_EXCEEDED, 'timeout'],
  [grpcStatus.UNAVAILABLE, 'unavailable'],
  [grpcStatus.UNIMPLEMENTED, 'refused'],
  [grpcStatus.INVALID_ARGUMENT, 'refused'],
  [grpcStatus.UNAUTHENTICATED, 'refused'],
  [grpcStatus.PERMISSION_DENIED, 'refused'],
]);

/** `DEADLINE_EXCEEDED` is `DeadlineExceeded` in the texts that people know. */
function codeName(code: grpcStatus): string {
  const words = (grpcStatus[code] ?? 'UNKNOWN').toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function toRuntimeError(name: string, error: ServiceError): RuntimeError {
  const code = codes.get(error.code) ?? 'failed';
  const text = error.details || `${name} failed`;
  return new RuntimeError(code, text, { quoted: `rpc error: code = ${codeName(error.code)} desc = ${text}` });
}
