/** Whether the center can be reached from here, as a machine that has joined or as one that is about to. */
import { request } from 'node:https';
import { type Clock, describeError, SkerryError } from '@skerry/base';
import { describeCertificate } from '@skerry/pki';
import type { Check, Finding } from '#doctor/finding.ts';
import { failed, ok, warning } from '#doctor/finding.ts';
import { type AgentIdentity, agentFiles } from '#join/agent-config.ts';
import { proxyTo, requestThrough } from '#join/proxy.ts';
import {
  askClusterInfo,
  type CenterAddress,
  parseAddress,
  requireClock,
  unreachable,
} from '#join/cluster-info.ts';

const timeoutMs = 15_000;
const dayMs = 24 * 3_600_000;
const soonMs = 30 * dayMs;

/** Before the join nothing can be verified: that is the token's work. */
export function centerToJoinCheck(
  address: CenterAddress,
  { clock, environment }: { clock: Clock; environment: Readonly<Record<string, string | undefined>> },
): Check {
  return {
    title: 'center',
    async look() {
      try {
        const { status, date } = await askClusterInfo(address, proxyTo(address, undefined, environment));
        if (date !== undefined) requireClock(Date.parse(date), clock.now());
        if (status === 200) return ok(`${address.text} answers; the join verifies who it is`);
        return failed(
          'not-a-center',
          `${address.text} answered ${status} where a center publishes its cluster-info`,
          'Check the address: it is that of the API, port 6443 unless told.',
        );
      } catch (error) {
        return fromError(error, 'Check the address, and that this machine may dial out to it.');
      }
    },
  };
}

/** As the node that this machine is, over a connection verified both ways. */
export function centerOfNodeCheck(
  identity: AgentIdentity,
  { clock, environment }: { clock: Clock; environment: Readonly<Record<string, string | undefined>> },
): Check {
  return {
    title: 'center',
    async look() {
      const address = parseAddress(identity.config.server);
      try {
        const proxy = proxyTo(address, identity.config.proxy, environment);
        const { status, date } = await askVersion(address, identity, proxy);
        if (date !== undefined) requireClock(Date.parse(date), clock.now());
        return status === 200
          ? ok(`${address.text} answers, and is the one that this machine joined`)
          : failed('certificate-denied', `${address.text} answered ${status} to this node`, 'Join again.');
      } catch (error) {
        return fromError(error, 'What is cached here goes on; check the way to the center.');
      }
    },
  };
}

export function certificateCheck(identity: AgentIdentity, dataDirectory: string, clock: Clock): Check {
  return {
    title: 'certificate',
    async look() {
      const { notAfterMs } = describeCertificate(identity.certificatePem);
      const leftMs = notAfterMs - clock.now();
      const ends = new Date(notAfterMs).toISOString().slice(0, 10);
      if (leftMs < 0)
        return failed(
          'certificate-ended',
          `that of ${identity.config.nodeName} ended on ${ends}`,
          `skerry reset, and join again with a new token (${agentFiles(dataDirectory).certificate}).`,
        );
      return leftMs < soonMs
        ? warning(
            'certificate-ends-soon',
            `ends on ${ends}`,
            'The agent renews it while it reaches the center.',
          )
        : ok(`${identity.config.nodeName}, until ${ends}`);
    },
  };
}

const mends: Readonly<Record<string, string>> = {
  'clock-off': 'Set the clock, for example with chrony.',
  'link-proxy':
    'It is between this machine and the proxy: do what is said there, or name the center in NO_PROXY where there is a way without it.',
};

function fromError(error: unknown, mend: string): Finding {
  const code = error instanceof SkerryError ? error.code : 'address-unreachable';
  return failed(code, describeError(error), mends[code] ?? mend);
}

async function askVersion(
  { host, port, text }: CenterAddress,
  { authorityPem, certificatePem, keyPem }: AgentIdentity,
  proxy: string | undefined,
): Promise<{ status: number; date: string | undefined }> {
  const through = await requestThrough(proxy, { host, port });
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host,
        port,
        path: '/version',
        ca: authorityPem,
        cert: certificatePem,
        key: keyPem,
        timeout: timeoutMs,
        agent: false,
        ...through,
      },
      (response) => {
        response.resume();
        response.once('close', () =>
          resolve({ status: response.statusCode ?? 0, date: response.headers.date }),
        );
      },
    );
    outgoing.on('timeout', () =>
      outgoing.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    );
    outgoing.on('error', (error) => reject(unreachable(text, error)));
    outgoing.end();
  });
}
