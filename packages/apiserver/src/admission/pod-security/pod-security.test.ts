import type { ObjectMeta, PodSpec } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { podSecurity, podSecurityFaults } from '#admission/pod-security/pod-security.ts';
import type { Level } from '#admission/pod-security/policy.ts';
import { AuditNotes } from '#audit/audit-notes.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

const container = { name: 'c' };
const faultsOf = (level: Level, spec: PodSpec, version = 'latest', meta?: ObjectMeta) =>
  podSecurityFaults({ level, version }, { meta, spec });
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
    expect(faultsOf('baseline', spec)).toBe(faults);
    expect(faultsOf('privileged', spec)).toBe('');
  });
});

describe('the restricted standard', () => {
  test('passes a pod that gives up what it should', () => {
    expect(faultsOf('restricted', safe)).toBe('');
  });

  test('names everything that a plain pod lacks', () => {
    expect(faultsOf('restricted', { containers: [container] })).toBe(
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
    expect(faultsOf('restricted', spec)).toBe(
      'restricted volume types (volume "v" uses restricted volume type "nfs"), runAsUser=0 (pod must not set runAsUser=0)',
    );
  });
});

describe('an older standard', () => {
  const hosts = { containers: [{ name: 'c', livenessProbe: { tcpSocket: { port: 1, host: 'x' } } }] };
  test.each<[string, Level, string, PodSpec, string]>([
    ['lets probes go anywhere', 'baseline', 'v1.33', hosts, ''],
    [
      'knew fewer harmless sysctls',
      'baseline',
      'v1.28',
      {
        securityContext: { sysctls: [{ name: 'net.ipv4.tcp_fin_timeout', value: '1' }] },
        containers: [container],
      },
      'forbidden sysctls (net.ipv4.tcp_fin_timeout)',
    ],
    [
      'asked little',
      'restricted',
      'v1.0',
      { containers: [container] },
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
    ],
    [
      'told root in a user namespace from nobody',
      'restricted',
      'v1.34',
      { ...safe, hostUsers: false, securityContext: { ...safe.securityContext, runAsUser: 0 } },
      'runAsUser=0 (pod must not set runAsUser=0)',
    ],
  ])('%s', (_what, level, version, spec, faults) => {
    expect(faultsOf(level, spec, version)).toBe(faults);
    expect(faultsOf(level, spec)).not.toBe(faults);
  });

  test('of before there were fields reads annotations', () => {
    const meta = { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } };
    const spec = { containers: [container] };
    expect(faultsOf('baseline', spec, 'v1.18', meta)).toBe(
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    );
    expect(faultsOf('baseline', spec, 'v1.19', meta)).toBe('');
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
    expect(await run(labels, { kind, operation: 'UPDATE', object, oldObject: object })).toHaveLength(1);
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

  const label = (labels: Record<string, string>) => ({ metadata: { name: 'ns', labels } });
  const kind = { group: '', kind: 'Namespace', resource: 'namespaces', namespaced: false };

  test('whose labels make no sense is refused, unless they made none before', async () => {
    const object = label({
      'pod-security.kubernetes.io/enforce': 'strict',
      'pod-security.kubernetes.io/warn-version': '1.2',
    });
    await expect(run({}, { kind, object })).rejects.toThrow(
      'Namespace "ns" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.2": must be "latest" or "v1.x"]',
    );
    const update = { kind, operation: 'UPDATE' as const, object };
    await expect(run({}, { ...update, oldObject: label({}) })).rejects.toThrow('is invalid');
    expect(await run({}, { ...update, oldObject: object })).toEqual([]);
  });

  test('that asks for more says which pods there are that it would refuse', async () => {
    const table = new ObjectTable();
    for (const name of ['b', 'a', 'c'])
      table.put(
        { group: '', resource: 'pods' },
        { metadata: { name, namespace: 'ns' }, spec: { hostPID: name !== 'c', containers: [container] } },
      );
    const change = (from: string, to: string) => {
      const of = (level: string) => label({ 'pod-security.kubernetes.io/enforce': level });
      const ctx = admissionContext({ kind, operation: 'UPDATE', object: of(to), oldObject: of(from) });
      void podSecurity({ read: table.read }).validate?.(ctx);
      return ctx.warnings;
    };
    expect(change('privileged', 'baseline')).toEqual([
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 1 other pod): host namespaces',
    ]);
    expect(change('restricted', 'baseline')).toEqual([]);
  });
});
