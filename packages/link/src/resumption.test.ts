import { systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';
import { expect, test } from 'vitest';
import { Resumption } from '#resumption.ts';

const ends = { ca: 'authority', cert: 'certificate', serverName: 'center' };
const ticket = Buffer.from('ticket');

function held(): Resumption {
  const resumption = new Resumption();
  resumption.keep(ends, ticket);
  return resumption;
}

test('a ticket is for those between whom it was given', () => {
  const resumption = held();
  expect(resumption.session({ ...ends, ca: ['authority'] })).toBe(ticket);
  for (const other of [{ ca: 'another' }, { ca: ['authority', 'b'] }, { cert: 'new' }, { serverName: 'b' }])
    expect(resumption.session({ ...ends, ...other })).toBeUndefined();
});

test('a ticket that was refused is forgotten', () => {
  const resumption = held();
  resumption.failed({ broke: false });
  expect(resumption.session(ends)).toBeUndefined();
});

test('a connection that only broke leaves the ticket, but each fourth handshake after that goes without', () => {
  const resumption = held();
  const offered = Array.from({ length: 9 }, () => {
    const isOffered = resumption.session(ends) !== undefined;
    resumption.failed({ broke: true });
    return isOffered;
  });
  expect(offered).toEqual([true, true, true, false, true, true, true, false, true]);
  resumption.keep(ends, ticket);
  expect(resumption.session(ends)).toBe(ticket);
});

test('certificates and key are read once, and anew when they are others', async () => {
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const issue = () => authority.issueClientCertificate({ user: 'system:node:a', groups: ['system:nodes'] });
  const [one, other] = await Promise.all([issue(), issue()]);
  const resumption = new Resumption();
  const contextOf = ({ certificatePem: cert, keyPem: key }: typeof one) =>
    resumption.context({ ca: authority.certificatePem, cert, key, serverName: 'center' });
  const made = contextOf(one);
  expect(contextOf({ ...one })).toBe(made);
  expect(contextOf(other)).not.toBe(made);
});
