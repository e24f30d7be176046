import type { Pod } from '@skerry/api';
import { describe, expect, it } from 'vitest';
import { podInfoOf } from '#pod-info.ts';
import { schedulingView } from '#scheduling-view.ts';
import { node, pod } from '#testing/objects.ts';

describe('what the scheduler keeps of a pod', () => {
  const full: Pod = pod('p', {
    owner: 'rs',
    containers: [
      {
        name: 'c',
        image: 'app',
        env: [{ name: 'SECRET', value: 'x'.repeat(1000) }],
        ports: [{ containerPort: 1, hostPort: 80 }],
        resources: { requests: { cpu: '1' } },
      },
    ],
    initContainers: [{ name: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } }],
  });
  full.status = {
    ...full.status,
    containerStatuses: [
      {
        name: 'c',
        image: 'app',
        imageID: 'sha256:0',
        ready: true,
        restartCount: 0,
        resources: { requests: { cpu: '2' }, limits: { cpu: '3' } },
      },
    ],
  };
  full.metadata.annotations = { big: 'x'.repeat(1000) };

  it('decides the same', () => {
    const { pod: _full, ...whole } = podInfoOf(full);
    const { pod: _kept, ...kept } = podInfoOf(schedulingView(structuredClone(full)));
    expect(kept).toEqual(whole);
  });

  it('counts what a container still holds while it is resized', () => {
    expect(podInfoOf(schedulingView(structuredClone(full))).requests.milliCpu).toBe(3000);
  });

  it('is small', () => {
    expect(JSON.stringify(schedulingView(full)).length).toBeLessThan(700);
  });

  it('leaves other objects whole but for their managed fields', () => {
    const given = node('n');
    const whole = structuredClone(given);
    expect(schedulingView({ ...given, metadata: { ...given.metadata, managedFields: [] } })).toEqual(whole);
  });
});
