import type { ContainerStatus, Pod } from '@skerry/api';
import { expect, test } from 'vitest';
import { inPlaceStateAnnotation, progressOf } from '#kruise/in-place/in-place-state.ts';
import type { InPlaceState } from '#kruise/in-place/in-place-state.ts';

const before = { imageID: 'sha256:1', containerID: 'c://1' };

function pod(status: Partial<ContainerStatus> | undefined, state: Partial<InPlaceState> = {}): Pod {
  const full = { revision: 'r', updateTimestamp: '', lastContainerStatuses: { main: before }, ...state };
  const containerStatus = { name: 'main', image: 'app:1', ready: true, restartCount: 0, ...before };
  return {
    metadata: { annotations: { [inPlaceStateAnnotation]: JSON.stringify(full) } },
    spec: { containers: [{ name: 'main', image: 'app:2' }] },
    status: { containerStatuses: status ? [{ ...containerStatus, ...status }] : [] },
  };
}

test.each<[string, Pod, string]>([
  ['is not done while the old container runs', pod({}), 'waiting'],
  ['is not done while no container is known', pod(undefined), 'waiting'],
  ['is not done where the runtime has a new name for the old container', pod({ image: 'app:2' }), 'waiting'],
  ['is not done while the new container is being made', pod({ image: 'app:2', imageID: '' }), 'waiting'],
  ['is done with another image', pod({ imageID: 'sha256:2' }), 'done'],
  [
    'is done with another container of the same image, whatever the runtime calls that',
    pod({ containerID: 'c://2' }),
    'done',
  ],
  [
    'is done under the new name, where OpenKruise has noted the image alone',
    pod(
      { image: 'docker.io/library/app:2' },
      { lastContainerStatuses: { main: { imageID: before.imageID } } },
    ),
    'done',
  ],
  [
    'waits for a container that is to read its pod anew',
    pod({}, { lastContainerStatuses: { main: { containerID: before.containerID } } }),
    'waiting',
  ],
  [
    'goes on with the next containers when the last ones are ready',
    pod(
      { imageID: 'sha256:2' },
      { nextContainerImages: { b: 'x' }, preCheckBeforeNext: { containersRequiredReady: ['main'] } },
    ),
    'next',
  ],
  [
    'waits with the next containers until the last ones are ready',
    pod(
      { imageID: 'sha256:2', ready: false },
      { nextContainerImages: { b: 'x' }, preCheckBeforeNext: { containersRequiredReady: ['main'] } },
    ),
    'waiting',
  ],
])('an update in place %s', (_what, given, expected) => {
  expect(progressOf(given).type).toBe(expected);
});

test('a state that can not be read holds up nothing', () => {
  expect(progressOf({ metadata: { annotations: { [inPlaceStateAnnotation]: '{' } } }).type).toBe('done');
});
