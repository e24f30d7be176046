/** How a page, a port and a name are asked. */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { httpSender } from '#programs/http-request.ts';
import type { Probe } from '#programs/probe/probe-plan.ts';

export async function check(probe: Probe, signal: AbortSignal): Promise<void> {
  if (probe.type === 'http') return checkHttp(probe, signal);
  if (probe.type === 'tcp') return checkTcp(probe.target, signal);
  return checkDns(probe.target, signal);
}

/** A connection of its own each time: a kept one would tell nothing of names, routes and certificates. */
async function checkHttp(probe: Extract<Probe, { type: 'http' }>, signal: AbortSignal): Promise<void> {
  const sender = httpSender(probe.target);
  try {
    const { status } = await sender.send(signal);
    const well = probe.statuses ? probe.statuses.includes(status) : status >= 200 && status < 400;
    if (!well) throw new Error(`it answers ${status}`);
  } finally {
    sender.close();
  }
}

function checkTcp(target: string, signal: AbortSignal): Promise<void> {
  const at = target.lastIndexOf(':');
  const host = target.slice(0, at).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(target.slice(at + 1)), signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** By the resolver of the pod, without a cache. */
async function checkDns(name: string, signal: AbortSignal): Promise<void> {
  const resolver = new Resolver({ tries: 1 });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    if (!answers.some((answer) => answer.status === 'fulfilled' && answer.value.length > 0)) {
      const [first] = answers;
      throw first.status === 'rejected' ? (first.reason as Error) : new Error('it has no address');
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
