import { describe, expect, test } from 'vitest';
import { parseServerConfig, serverConfigDefaults } from './server-config.ts';

const file = 'config.json';

describe('a server config', () => {
  test('is accepted with the defaults', () => {
    expect(parseServerConfig({ ...serverConfigDefaults }, { file })).toEqual(serverConfigDefaults);
  });

  test.each([
    [{ port: 0 }, /port/],
    [{ clusterName: '' }, /clusterName: must have 1 to 63/],
    [{ clusterCidr: '10.0.0.0' }, /clusterCidr: must be an IPv4 range/],
    [{ clusterCidr: '10.12.0.0/16,10.13.0.0/16' }, /must have an IPv6 range behind the comma, not 10\.13/],
    [{ clusterCidr: '10.12.0.0/16,fd00::/32' }, /fd00::\/32 must have a prefix length of 48 to 64/],
    [{ clusterCidr: '10.12.0.0/16,fd00::/56', serviceCidr: '10.96.0.0/16,fd00::/112' }, /overlaps/],
    [{ clusterCidr: '10.96.128.0/17' }, /overlaps the service range 10\.96\.0\.0\/16/],
    [{ listenAddress: 'here' }, /listenAddress: must be an IP address/],
    [{ goawayChance: 0.5 }, /goawayChance: goaway-chance can not be less than 0 or greater than 0.02/],
    [{ horizontalPodAutoscalerSyncPeriod: 0 }, /horizontalPodAutoscalerSyncPeriod/],
    [
      { nodeMonitorGracePeriod: 40 },
      /40 s .* too short for heartbeats every 19 s .* must be 47.5 s at least/,
    ],
    [{ linkHeartbeatPeriod: 30 }, /50 s .* too short for heartbeats every 30 s/],
    [{ linkHeartbeatPeriod: 0.5, nodeMonitorGracePeriod: 50 }, /linkHeartbeatPeriod/],
    [{ colour: 'red' }, /colour/],
  ])('with %j is refused by name', (change, message) => {
    expect(() => parseServerConfig({ ...serverConfigDefaults, ...change }, { file })).toThrow(message);
  });

  test('may have nodes called silent sooner, where links are asked more often', () => {
    const quick = { linkHeartbeatPeriod: 4, nodeMonitorGracePeriod: 10, nodeMonitorPeriod: 1 };
    expect(parseServerConfig({ ...serverConfigDefaults, ...quick }, { file })).toMatchObject(quick);
  });

  test('names its file when the file is half-written', () => {
    expect(() => parseServerConfig(undefined, { file: '/data/server/config.json' })).toThrow(
      '/data/server/config.json',
    );
  });

  test.each([
    [{ goawayChance: 0.5 }, /^--goaway-chance 0\.5: goaway-chance can not/],
    [{ advertise: ['https://center:6443'] }, /^--advertise https:\/\/center:6443: must be an IP address or/],
    [{ auditLogMode: 'sometimes' }, /^--audit-log-mode sometimes: /],
    [{ clusterCidr: '10.96.0.0/12' }, /^the pod range .* \(--cluster-cidr\) overlaps/],
    [{ nodeMonitorGracePeriod: 3 }, /^a grace period of 3 s \(--node-monitor-grace-period\)/],
  ])('from flags, %j is refused by the flag', (flags, message) => {
    const value = { ...serverConfigDefaults, ...flags };
    expect(() => parseServerConfig(value, { file, flags })).toThrow(message);
  });

  test('tells fields of the file from flags', () => {
    const flags = { port: 0 };
    const value = { ...serverConfigDefaults, ...flags, listenAddress: 'here' };
    expect(() => parseServerConfig(value, { file, flags })).toThrow(
      /^config\.json: listenAddress: must be an IP address; --port 0: /,
    );
  });
});
