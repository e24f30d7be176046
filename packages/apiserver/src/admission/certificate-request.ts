/**
 * Certificate requests: who asked is written by the server, approving and signing take a right on the signer, and nobody
 * gets a client certificate of `system:masters` this way.
 * https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
 */
import { type AnyObject, ApiError, type CertificateSigningRequest, forbidden, invalid } from '@skerry/api';
import { describeError } from '@skerry/base';
import { parseCertificateRequest } from '@skerry/pki';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import type { AdmissionContext, Authorizer, ObjectReader } from '#security.ts';

const group = 'certificates.k8s.io';
const requests = { group, resource: 'certificatesigningrequests' };
const clientSigner = 'kubernetes.io/kube-apiserver-client';

/** Requests of one join token that wait for an answer: more than machines that join at once, less than fills a memory. */
const waitingMax = 5_000;

export function certificateRequests(parts: {
  readonly read: ObjectReader;
  readonly authorizer: Authorizer;
}): AdmissionPlugin {
  const { read, authorizer } = parts;

  async function require(ctx: AdmissionContext, verb: 'approve' | 'sign'): Promise<void> {
    const signerName = (ctx.oldObject as unknown as CertificateSigningRequest).spec.signerName;
    const domain = `${signerName.split('/')[0] ?? ''}/*`;
    for (const name of [signerName, domain]) {
      const { user } = ctx;
      const question = { user, verb, group, version: '*', resource: 'signers', name };
      if ((await authorizer.authorize(question)).allowed) return;
    }
    throw forbidden(
      requests,
      ctx.name,
      `user not permitted to ${verb} requests with signerName "${signerName}"`,
    );
  }

  return {
    name: 'CertificateRequests',
    mutate({ kind, resource, subresource, operation, object, user }) {
      if (kind.group !== group || resource !== requests.resource || subresource !== '' || !object) return;
      if (operation !== 'CREATE') return;
      const spec = (object['spec'] ?? {}) as AnyObject;
      spec['username'] = user.name;
      spec['groups'] = [...user.groups];
      if (user.uid) spec['uid'] = user.uid;
      else delete spec['uid'];
      if (user.extra) spec['extra'] = structuredClone(user.extra);
      else delete spec['extra'];
    },
    async validate(ctx) {
      if (ctx.kind.group !== group || ctx.resource !== requests.resource) return;
      if (ctx.operation === 'CREATE' && ctx.subresource === '') {
        refuseFlood(ctx, read);
        await refuseMasters(ctx);
      }
      if (ctx.operation !== 'UPDATE') return;
      if (ctx.subresource === 'approval') await require(ctx, 'approve');
      if (ctx.subresource === 'status' && changesStatus(ctx)) await require(ctx, 'sign');
    },
  };
}

/** Whoever holds a join token may ask, but not without end. */
function refuseFlood({ user }: AdmissionContext, read: ObjectReader): void {
  if (!user.name.startsWith('system:bootstrap:')) return;
  const waiting = read
    .list<CertificateSigningRequest>(requests)
    .filter(({ spec, status }) => spec.username === user.name && !status?.conditions?.length).length;
  if (waiting < waitingMax) return;
  throw new ApiError(
    'TooManyRequests',
    `${waiting} certificate requests of this join token wait for an answer; try again when some are answered`,
    { details: { retryAfterSeconds: 10 } },
  );
}

/** Also refuses what can't be read. */
async function refuseMasters(ctx: AdmissionContext): Promise<void> {
  const { spec } = ctx.object as unknown as CertificateSigningRequest;
  // An empty one has been refused by the rules of the kind.
  if (!spec.request) return;
  const pem = Buffer.from(spec.request, 'base64').toString('utf8');
  const request = await parseCertificateRequest(pem).catch((error: unknown) => {
    // Only here, where a library for it is, can the request itself be read and its signature checked.
    const message = `Invalid value: ${JSON.stringify(spec.request)}: ${describeError(error)}`;
    throw invalid(ctx.kind, ctx.name, [{ reason: 'FieldValueInvalid', path: 'spec.request', message }]);
  });
  if (spec.signerName !== clientSigner) return;
  if (!request.organizations.includes('system:masters')) return;
  throw forbidden(
    requests,
    ctx.name,
    `use of ${clientSigner} signer with system:masters group is not allowed`,
  );
}

function changesStatus({ object, oldObject }: AdmissionContext): boolean {
  const partOf = (of: AnyObject | undefined) => {
    const status = (of as CertificateSigningRequest | undefined)?.status;
    return JSON.stringify([status?.certificate, status?.conditions ?? []]);
  };
  return partOf(object) !== partOf(oldObject);
}
