import { expect, test } from 'vitest';
import { cgroupDriverIn } from '#cri/cgroup-driver.ts';

test.each([
  [
    '{"containerd":{"defaultRuntimeName":"runc","runtimes":{"runc":{"options":{"SystemdCgroup":true}}}}}',
    'systemd',
  ],
  [
    '{"containerd":{"defaultRuntimeName":"runc","runtimes":{"runc":{"options":{"SystemdCgroup":false}}}}}',
    'cgroupfs',
  ],
  ['{"containerd":{"defaultRuntimeName":"runc","runtimes":{"runc":{}}}}', 'cgroupfs'],
  [
    '{"containerd":{"defaultRuntimeName":"kata","runtimes":{"runc":{"options":{"SystemdCgroup":true}}}}}',
    undefined,
  ],
  ['{}', undefined],
  [undefined, undefined],
])('by %s control groups are made by %s', (config, driver) => {
  expect(cgroupDriverIn(config)).toBe(driver);
});
