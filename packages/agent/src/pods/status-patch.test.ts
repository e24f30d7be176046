import { expect, test } from 'vitest';
import type { PodStatus } from '@skerry/api';
import { statusPatch } from '#pods/status-patch.ts';

const ready = (status: string, reason?: string) => ({ type: 'Ready', status, ...(reason ? { reason } : {}) });

const container = (more: object) => ({
  name: 'main',
  image: 'web:1',
  imageID: 'sha256:0',
  ready: true,
  restartCount: 0,
  ...more,
});

test.each<[string, PodStatus, PodStatus, object | undefined]>([
  ['nothing', { phase: 'Running' }, { phase: 'Running', reason: undefined }, undefined],
  [
    'nothing that a server tells as empty',
    { containerStatuses: [container({ lastState: {} })] },
    { containerStatuses: [container({})] },
    undefined,
  ],
  ['a value', { phase: 'Pending' }, { phase: 'Running' }, { phase: 'Running' }],
  ['a value that ends', { reason: 'x' }, {}, { reason: null }],
  [
    'a condition, with what it no longer says',
    { conditions: [ready('False', 'ContainersNotReady'), { type: 'PodScheduled', status: 'True' }] },
    { conditions: [ready('True'), { type: 'PodScheduled', status: 'True' }] },
    { conditions: [{ ...ready('True'), reason: null }] },
  ],
  [
    'a condition of its own that is over',
    { conditions: [ready('True'), { type: 'PodResizePending', status: 'True' }] },
    { conditions: [ready('True')] },
    { conditions: [{ type: 'PodResizePending', $patch: 'delete' }] },
  ],
  [
    'no condition of others',
    { conditions: [ready('True'), { type: 'Other', status: 'True' }] },
    { conditions: [ready('True')] },
    undefined,
  ],
  [
    'no other word for a condition of others',
    { conditions: [ready('True'), { type: 'Other', status: 'False' }] },
    { conditions: [ready('True'), { type: 'Other', status: 'True' }] },
    undefined,
  ],
  [
    'that a pod is scheduled, where nobody says so',
    { conditions: [] },
    { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    { conditions: [{ type: 'PodScheduled', status: 'True' }] },
  ],
  [
    'addresses, as a whole',
    { podIPs: [{ ip: 'a' }] },
    { podIPs: [{ ip: 'b' }] },
    { podIPs: [{ $patch: 'replace' }, { ip: 'b' }] },
  ],
])('a patch names %s', (_, from, to, expected) => {
  expect(statusPatch(from, to)).toEqual(expected);
});
