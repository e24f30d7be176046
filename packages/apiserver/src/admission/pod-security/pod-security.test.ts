import type { PodSpec } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { podSecurityFaults } from '#admission/pod-security/namespace-policy.ts';
import { podSecurity } from '#admission/pod-security/pod-security.ts';
import { AuditNotes } from '#audit/audit-notes.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

const container = { name: 'c' };
const safe: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    { name: 'c', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
  ],
};

describe('the baseline standard', () => {
  test.each<[string, PodSpec, string]>([
    ['nothing', { containers: [container] }, ''],
    [
      'host namespaces',
      { hostNetwork: true, hostPID: true, containers: [container] },
      'host namespaces (hostNetwork=true, hostPID=true)',
    ],
    [
      'privilege',
      {
        containers: [
          { name: 'a', securityContext: { privileged: true } },
          { name: 'b', securityContext: { privileged: true } },
        ],
      },
      'privileged (containers "a", "b" must not set securityContext.privileged=true)',
    ],
    [
      'capabilities',
      { containers: [{ name: 'c', securityContext: { capabilities: { add: ['CHOWN', 'NET_ADMIN'] } } }] },
      'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'host paths',
      { volumes: [{ name: 'v', hostPath: { path: '/' } }], containers: [container] },
      'hostPath volumes (volume "v")',
    ],
    [
      'host ports',
      { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] },
      'hostPort (container "c" uses hostPort 80)',
    ],
    [
      'no seccomp',
      { securityContext: { seccompProfile: { type: 'Unconfined' } }, containers: [container] },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      {
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'net.ipv4.tcp_syncookies', value: '1' },
          ],
        },
        containers: [container],
      },
      'forbidden sysctls (kernel.msgmax)',
    ],
  ])('on %s', (_what, spec, faults) => {
    expect(podSecurityFaults('baseline', spec)).toBe(faults);
    expect(podSecurityFaults('privileged', spec)).toBe('');
  });
});

describe('the restricted standard', () => {
  test('passes a pod that gives up what it should', () => {
    expect(podSecurityFaults('restricted', safe)).toBe('');
  });

  test('names everything that a plain pod lacks', () => {
    expect(podSecurityFaults('restricted', { containers: [container] })).toBe(
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  test('refuses root and volumes of other kinds', () => {
    const spec = {
      ...safe,
      securityContext: { ...safe.securityContext, runAsUser: 0 },
      volumes: [{ name: 'v', nfs: { server: 's', path: '/' } }],
    };
    expect(podSecurityFaults('restricted', spec)).toBe(
      'restricted volume types (volume "v" uses restricted volume type "nfs"), runAsUser=0 (pod must not set runAsUser=0)',
    );
  });
});

describe('a namespace', () => {
  const run = async (
    labels: Record<string, string>,
    of: Partial<Parameters<typeof admissionContext>[0]> = {},
  ) => {
    const table = new ObjectTable();
    table.put({ group: '', resource: 'namespaces' }, { metadata: { name: 'ns', labels } });
    const object = {
      metadata: { name: 'p', namespace: 'ns' },
      spec: { hostNetwork: true, containers: [container] },
    };
    const ctx = admissionContext({ object, ...of });
    await podSecurity({ read: table.read }).validate?.(ctx);
    return ctx.warnings;
  };

  test('that enforces a standard refuses pods, and one that warns tells', async () => {
    await expect(run({ 'pod-security.kubernetes.io/enforce': 'baseline' })).rejects.toThrow(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    );
    expect(await run({ 'pod-security.kubernetes.io/warn': 'baseline' })).toEqual([
      'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    ]);
    expect(await run({})).toEqual([]);
  });

  test('warns about workloads whose pods it would refuse', async () => {
    const kind = { group: 'apps', kind: 'Deployment', resource: 'deployments' };
    const template = { spec: { hostNetwork: true, containers: [container] } };
    const object = { metadata: { name: 'd', namespace: 'ns' }, spec: { template } };
    const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' };
    expect(await run(labels, { kind, object })).toHaveLength(1);
    expect(await run(labels, { kind, operation: 'UPDATE', object, oldObject: object })).toEqual([]);
  });

  test('tells the audit log what was enforced and what would have been refused', async () => {
    const audited = async (
      labels: Record<string, string>,
      kind?: { group: string; resource: string; kind: string },
    ) => {
      const table = new ObjectTable();
      table.put({ group: '', resource: 'namespaces' }, { metadata: { name: 'ns', labels } });
      const spec = { hostPID: true, containers: [container] };
      const object = {
        metadata: { name: 'p', namespace: 'ns' },
        spec: kind ? { template: { spec } } : spec,
      };
      const auditAnnotations = new AuditNotes();
      const ctx = { ...admissionContext({ object, ...(kind && { kind }) }), auditAnnotations };
      await Promise.resolve(podSecurity({ read: table.read }).validate?.(ctx)).catch(() => undefined);
      return auditAnnotations.annotations;
    };
    const labels = {
      'pod-security.kubernetes.io/audit': 'baseline',
      'pod-security.kubernetes.io/audit-version': 'v1.30',
    };
    const violation = {
      'pod-security.kubernetes.io/audit-violations':
        'would violate PodSecurity "baseline:v1.30": host namespaces (hostPID=true)',
    };
    const enforced = { 'pod-security.kubernetes.io/enforce-policy': 'privileged:latest' };
    expect(await audited({})).toEqual(enforced);
    expect(await audited(labels)).toEqual({ ...enforced, ...violation });
    expect(await audited(labels, { group: 'apps', kind: 'Deployment', resource: 'deployments' })).toEqual(
      violation,
    );
  });

  test('has labels that can be read, and tells of pods that a stricter one would refuse', async () => {
    const kind = { group: '', kind: 'Namespace', resource: 'namespaces' };
    const table = new ObjectTable();
    const pod = (name: string, spec: object) =>
      table.put({ group: '', resource: 'pods' }, { metadata: { name, namespace: 'ns' }, spec });
    pod('b', { hostPID: true, containers: [container] });
    pod('a', { hostPID: true, containers: [container] });
    pod('c', { containers: [container] });
    const change = async (labels: Record<string, string>, old?: Record<string, string>) => {
      const of = (each: Record<string, string>) => ({ metadata: { name: 'ns', labels: each } });
      const update = old && { operation: 'UPDATE' as const, oldObject: of(old) };
      const ctx = admissionContext({ kind, object: of(labels), ...update });
      await podSecurity({ read: table.read }).validate?.(ctx);
      return ctx.warnings;
    };
    const prefix = 'pod-security.kubernetes.io/';
    const bad = { [`${prefix}enforce`]: 'bad', [`${prefix}audit-version`]: 'v2' };
    await expect(change(bad)).rejects.toThrow(
      'Namespace "ns" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "bad": ' +
        'must be one of privileged, baseline, restricted, ' +
        'metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: "v2": must be "latest" or "v1.x"]',
    );
    expect(await change(bad, bad)).toEqual([]);
    expect(await change({ [`${prefix}enforce`]: 'baseline' }, {})).toEqual([
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 1 other pod): host namespaces',
    ]);
    expect(
      await change({ [`${prefix}enforce`]: 'baseline' }, { [`${prefix}enforce`]: 'restricted' }),
    ).toEqual([]);
  });
});
