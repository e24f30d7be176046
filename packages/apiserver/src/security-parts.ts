/**
 * The API server's own security, put together: authentication, authorization, admission, tokens and the policy every
 * cluster begins with. `cli/compose` calls `createSecurity` and hands the result to the server.
 */
import type { AnyObject } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import { certificateRequests } from '#admission/certificate-request.ts';
import { createAdmissionChain } from '#admission/chain.ts';
import { defaultTolerations } from '#admission/default-tolerations.ts';
import { limitRanger } from '#admission/limit-ranger.ts';
import { namespaceLifecycle } from '#admission/namespace-lifecycle.ts';
import { newNodeTaint } from '#admission/new-node-taint.ts';
import { nodeOwner } from '#admission/node-owner.ts';
import { nodePool } from '#admission/node-pool.ts';
import { nodeRestriction } from '#admission/node-restriction.ts';
import { podTopologyLabels } from '#admission/pod-topology-labels.ts';
import { priority, priorityClasses, systemPriorityClasses } from '#admission/priority.ts';
import { nodeDeclaredFeatures, podResize } from '#admission/pod-resize.ts';
import { podSecurity } from '#admission/pod-security/pod-security.ts';
import { QuotaKeeper } from '#admission/quota/quota-keeper.ts';
import { resourceQuota } from '#admission/quota/resource-quota.ts';
import { runtimeClass } from '#admission/runtime-class.ts';
import { serviceAccountAdmission } from '#admission/service-account.ts';
import { resourceClaims } from '#admission/resource-claims.ts';
import { storageProtection } from '#admission/storage-protection.ts';
import { claimResize, defaultIngressClass, defaultStorageClass } from '#admission/storage.ts';
import { type StaticToken, createAuthenticator } from '#authn/authenticator.ts';
import { DeletedNodes } from '#authn/deleted-nodes.ts';
import { createAuthorizer } from '#authz/authorizer.ts';
import { bootstrapPolicy, createIfAbsent } from '#authz/bootstrap-policy.ts';
import { EscalationCheck } from '#authz/escalation.ts';
import { NodeAccess } from '#authz/node-access.ts';
import { PodGraph } from '#authz/pod-graph.ts';
import { RoleBasedAccess } from '#authz/rbac.ts';
import { keepRolesAggregated } from '#authz/role-aggregation.ts';
import type { AuthenticationSettings } from '#oidc/configuration.ts';
import type { FetchJson, ServiceAccountKey } from '@skerry/pki';
import { JwtAuthenticator } from '#oidc/jwt-authenticator.ts';
import type { SecurityFactory, SecurityParts, ServerAccess } from '#security.ts';
import { createTokenIssuer } from '#signing/token-issuer.ts';

export interface SecurityOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Signs ServiceAccount tokens. */
  readonly serviceAccountKey: ServiceAccountKey;
  /** Older keys whose tokens are still accepted. */
  readonly formerServiceAccountKeys?: readonly ServiceAccountKey[];
  /** `iss` of ServiceAccount tokens; `https://kubernetes.default.svc.cluster.local` unless told. */
  readonly issuer?: string;
  /** Issuers of before, whose tokens are still accepted. */
  readonly formerIssuers?: readonly string[];
  /** Where others fetch the keys of tokens; below the issuer unless told. */
  readonly jwksUri?: string;
  /** What tokens are for by default; the issuer unless told. */
  readonly audiences?: readonly string[];
  /** Credentials of the installation's own processes. */
  readonly staticTokens?: readonly StaticToken[];
  /** Foreign issuers whose tokens are accepted, and where anonymous requests are. */
  readonly authentication?: AuthenticationSettings | FollowedAuthentication;
  /** How documents of those issuers are fetched. */
  readonly fetchJson?: FetchJson;
  /** What is written to the audit log, and where; nothing unless set. */
  readonly audit?: SecurityParts['audit'];
  /** Published in `kube-public/cluster-info` for machines that join; left out when unset. */
  readonly clusterInfo?: { readonly authorityPem: string; readonly server: string };
}

/** Settings that may be others later. */
export interface FollowedAuthentication {
  readonly current: AuthenticationSettings;
  /** `listener` is called after each change. */
  onChange(listener: () => void): void;
}

const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';

export function createSecurity(options: SecurityOptions): SecurityFactory {
  const { clock, log, random, serviceAccountKey, formerServiceAccountKeys = [], staticTokens = [] } = options;
  const { formerIssuers = [], jwksUri } = options;
  const { fetchJson } = options;
  const authentication = followed(options.authentication);
  const issuer = options.issuer ?? defaultIssuer;
  const audiences = options.audiences ?? [issuer];
  const keys = [serviceAccountKey, ...formerServiceAccountKeys];

  return (access) => {
    const { read } = access;
    const rbac = new RoleBasedAccess(read);
    const nodes = new NodeAccess({ read, graph: new PodGraph(read) });
    const authorizer = createAuthorizer({ rbac, nodes });
    const deletedNodes = new DeletedNodes(access, clock);
    const escalation = new EscalationCheck({ rbac, authorizer });
    return {
      authenticator: createAuthenticator({
        read,
        clock,
        log,
        staticTokens,
        issuers: [issuer, ...formerIssuers],
        audiences,
        keys,
        deletedNodes,
        ...(authentication && fetchJson
          ? { foreignIssuers: jwtAuthenticator(authentication, { fetchJson, clock, log }) }
          : {}),
      }),
      ...(authentication ? { anonymous: (path: string) => allowedAnonymously(authentication, path) } : {}),
      refusesPeer: (peer) => deletedNodes.refuses(peer),
      authorizer,
      admission: createAdmissionChain([
        namespaceLifecycle({ read, clock }),
        limitRanger({ read }),
        serviceAccountAdmission({ read, clock, random }),
        nodePool({ read }),
        nodeOwner,
        nodeRestriction({ read, authorizer }),
        newNodeTaint,
        podSecurity({ read }),
        priority({ read }),
        defaultTolerations,
        defaultStorageClass({ read }),
        storageProtection,
        claimResize({ read }),
        runtimeClass({ read }),
        certificateRequests({ read, authorizer }),
        resourceClaims({ read, authorizer }),
        defaultIngressClass({ read }),
        podTopologyLabels({ read }),
        nodeDeclaredFeatures({ read }),
        podResize({ read }),
        { name: 'RoleEscalation', validate: (ctx) => escalation.check(ctx) },
        access.dynamicAdmission,
        resourceQuota({ access, clock }),
        deletedNodes.admission(),
      ]),
      tokenIssuer: createTokenIssuer({
        clock,
        issuer,
        jwksUri,
        audiences,
        key: serviceAccountKey,
        formerKeys: formerServiceAccountKeys,
      }),
      ...(options.audit ? { audit: options.audit } : {}),
      async bootstrap() {
        await bootstrapPolicy(access, log);
        if (access.kinds().some(({ resource }) => resource === priorityClasses.resource))
          await Promise.all(
            systemPriorityClasses.map((each) => createIfAbsent(access, priorityClasses, each)),
          );
        if (options.clusterInfo) await publishClusterInfo(access, options.clusterInfo);
        keepRolesAggregated(access, { clock, log });
        new QuotaKeeper({ access, clock, log }).start();
        await deletedNodes.prune();
      },
    };
  };
}

function followed(
  settings: AuthenticationSettings | FollowedAuthentication | undefined,
): FollowedAuthentication | undefined {
  if (!settings || 'current' in settings) return settings;
  return { current: settings, onChange: () => undefined };
}

function jwtAuthenticator(
  authentication: FollowedAuthentication,
  parts: { readonly fetchJson: FetchJson; readonly clock: Clock; readonly log: Logger },
): JwtAuthenticator {
  const authenticator = new JwtAuthenticator(authentication.current.issuers, parts);
  authentication.onChange(() => authenticator.replace(authentication.current.issuers));
  return authenticator;
}

function allowedAnonymously({ current: { anonymous } }: FollowedAuthentication, path: string): boolean {
  if (!anonymous) return true;
  return anonymous.enabled && (anonymous.paths.length === 0 || anonymous.paths.includes(path));
}

/** A kubeconfig without a user: what a joining machine reads before it trusts anything. */
async function publishClusterInfo(
  access: ServerAccess,
  { authorityPem, server }: { readonly authorityPem: string; readonly server: string },
): Promise<void> {
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: '',
        cluster: { 'certificate-authority-data': Buffer.from(authorityPem).toString('base64'), server },
      },
    ],
    contexts: null,
    'current-context': '',
    preferences: {},
    users: null,
  });
  const ref = { group: '', resource: 'configmaps' };
  const object: AnyObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig },
  };
  const existing = access.read.get(ref, 'cluster-info', 'kube-public');
  if (!existing && (await createIfAbsent(access, ref, object))) return;
  const data = existing?.['data'] as Record<string, string> | undefined;
  if (!existing || data?.['kubeconfig'] === kubeconfig) return;
  await access.write.update(ref, { ...structuredClone(existing), data: { ...data, kubeconfig } });
}
