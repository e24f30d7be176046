import type { PodSpec } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { podSecurity, podSecurityFaults } from '#admission/pod-security/pod-security.ts';
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
});
