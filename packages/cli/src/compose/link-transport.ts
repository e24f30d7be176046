/**
 * The agent's way to the API server, over a link whose bytes cost something.
 *
 * Watches ask for few bookmarks, since each crosses the link and an idle machine should cost next to nothing. They come as
 * deltas, where the server has that form, and are put together again here: whoever reads them sees a plain watch. And they wait
 * for a link that is down instead of failing: they go on in the moment in which it is back, and not after the delays that
 * failures would have grown to. All else fails at once: a writer has newer things to say by then, and a reader may do without.
 *
 * Changes of what the agent watches anyway are answered with the revision alone.
 */
import { ApiError } from '@skerry/api';
import { createHttp2SessionTransport, type Transport, type TransportRequest } from '@skerry/client';
import type { LinkClient } from '@skerry/link';
import { purposeOfRequest } from './link-purpose.ts';
import { DeltaError, deltaWatchType, HeldObjects, plainLines } from '@skerry/serving';

/** Watches fail after so long without a link, and are asked for anew. */
const watchPatienceMs = 10 * 60_000;
const firstStatePatienceMs = 5_000;
/** Of a watch on which nothing happens. */
const bookmarkEverySeconds = 1800;
/** Selections whose objects are kept for the next stream of their watch. */
const selectionsMax = 256;

/** What of a watch's query says how it goes on, and not what it is of. */
const courseParameters = [
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'allowWatchBookmarks',
];

export function linkTransport(link: Pick<LinkClient, 'upSession' | 'whenLinked' | 'label'>): Transport {
  const transport = deltaTransport(
    createHttp2SessionTransport(() => link.upSession(), {
      onStream: (stream, { method, path }) => link.label(stream, purposeOfRequest(method, path)),
    }),
  );
  return {
    async request(request) {
      const { searchParams } = new URL(request.path, 'https://center');
      if (searchParams.get('watch') !== 'true') return transport.request(request);
      if (!link.upSession()) {
        // Whoever waits for a first state gives up on a server that stays silent for much longer.
        const patienceMs = searchParams.has('sendInitialEvents') ? firstStatePatienceMs : watchPatienceMs;
        await linkedWithin(link, patienceMs, request.signal);
      }
      const headers = { ...request.headers, 'skerry-bookmark-every': String(bookmarkEverySeconds) };
      return transport.request({ ...request, headers });
    },
    close: () => transport.close(),
  };
}

/** Resolves with the link, after that time, or with the signal. */
async function linkedWithin(
  link: Pick<LinkClient, 'whenLinked'>,
  patienceMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Signals that are made of others cost more than all else that a watch does when the link is back.
  const over = new AbortController();
  const end = () => over.abort(ended);
  const timer = setTimeout(end, patienceMs);
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  await link.whenLinked(over.signal).catch(() => undefined);
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
}

const ended = new Error('no link meanwhile');

/** Asks for watches as deltas and for short answers to changes; a server that knows of neither answers as ever. */
export function deltaTransport(transport: Transport): Transport {
  const kept = new Map<string, HeldObjects>();
  return {
    async request(request) {
      if (request.method !== 'GET') return transport.request(isChange(request) ? minimal(request) : request);
      const url = new URL(request.path, 'https://center');
      if (url.searchParams.get('watch') !== 'true' || request.headers['accept'] !== 'application/json')
        return transport.request(request);
      const selection = selectionOf(url);
      const goesOn = !url.searchParams.has('sendInitialEvents');
      const held = goesOn ? kept.get(selection) : new HeldObjects();
      // Of a selection that is watched twice the other watch has what is held.
      kept.delete(selection);
      if (!held) return transport.request(request);
      const keep = () => {
        for (const oldest of kept.keys()) {
          if (kept.size < selectionsMax) break;
          kept.delete(oldest);
        }
        kept.set(selection, held);
      };
      // What was not answered, as by a server that is busy when thousands return, is asked for again from what is held.
      const notAnswered = () => {
        if (goesOn) keep();
      };
      const accept = `${deltaWatchType}, application/json`;
      const asked = transport.request({ ...request, headers: { ...request.headers, accept } });
      const response = await asked.catch((error: unknown) => {
        notAnswered();
        throw error;
      });
      if (response.headers['content-type'] !== deltaWatchType) {
        if (response.status >= 400) notAnswered();
        return response;
      }
      return { ...response, body: plainWatch(response.body, held, keep) };
    },
    close: () => transport.close(),
  };
}

/** `onEnd`: the stream ended by itself, and its watch goes on with the next. */
async function* plainWatch(
  frames: AsyncIterable<Uint8Array>,
  held: HeldObjects,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* plainLines(frames, held);
    onEnd();
  } catch (error) {
    if (!(error instanceof DeltaError)) {
      onEnd();
      throw error;
    }
    // What is held and what the server takes to be held are not the same: everything is read again.
    yield Buffer.from(
      `${JSON.stringify({ type: 'ERROR', object: new ApiError('Expired', error.message).status })}\n`,
    );
  }
}

function selectionOf(url: URL): string {
  const query = new URLSearchParams(url.searchParams);
  for (const parameter of courseParameters) query.delete(parameter);
  return `${url.pathname}?${query.toString()}`;
}

/** Statuses, and events: nobody reads more of their answers than the revision. */
function isChange({ method, path }: TransportRequest): boolean {
  const [where = ''] = path.split('?');
  return (
    (method === 'PATCH' && /\/(pods|nodes)\/[^/]+\/status$/.test(where)) ||
    (method === 'POST' && where.endsWith('/events'))
  );
}

function minimal(request: TransportRequest): TransportRequest {
  return { ...request, headers: { ...request.headers, prefer: 'return=minimal' } };
}
