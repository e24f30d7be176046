/** Opens a WebSocket of the backend: with a ticket for its very address, and where it wants one, a fresh proof of who sits there. */
import { paths, type Session, type Ticket, type TicketRequest } from '@skerry/center/contract';
import { request, sessionHooks } from '#api/request.ts';
import { socketAddress } from '#live/connection.ts';

export interface SocketRequest {
  readonly purpose: TicketRequest['purpose'];
  readonly path: string;
  readonly query: URLSearchParams;
  readonly protocols?: readonly string[];
  readonly needsProof?: boolean;
}

/** Rejects with a Status where no ticket is given, and with `undefined` where the person gives no proof. */
export async function openSocket({
  purpose,
  path,
  query,
  protocols,
  needsProof = false,
}: SocketRequest): Promise<WebSocket | undefined> {
  if (needsProof && !(await isProven())) return undefined;
  const { ticket } = await request<Ticket>(paths.tickets, {
    method: 'POST',
    body: { purpose, target: `${path}?${query.toString()}` } satisfies TicketRequest,
  });
  const address = new URLSearchParams([...query, ['ticket', ticket]]);
  return new WebSocket(
    `${socketAddress(path)}?${address.toString()}`,
    protocols ? [...protocols] : undefined,
  );
}

async function isProven(): Promise<boolean> {
  const { steppedUpUntil } = await request<Session>(paths.session);
  if (steppedUpUntil && Date.parse(steppedUpUntil) > Date.now()) return true;
  return sessionHooks.stepUp();
}
