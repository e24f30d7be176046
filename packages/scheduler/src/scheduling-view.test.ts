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
  full.metadata.annotations = { big: 'x'.repeat(1000) };

  it('decides the same', () => {
    const { pod: _full, ...whole } = podInfoOf(full);
    const { pod: _kept, ...kept } = podInfoOf(schedulingView(structuredClone(full)));
    expect(kept).toEqual(whole);
  });

  it('is small', () => {
    expect(JSON.stringify(schedulingView(full)).length).toBeLessThan(600);
  });

  it('leaves other objects whole but for their managed fields', () => {
    const given = node('n');
    const whole = structuredClone(given);
    expect(schedulingView({ ...given, metadata: { ...given.metadata, managedFields: [] } })).toEqual(whole);
  });
});
