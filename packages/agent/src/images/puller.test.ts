import { expect, test } from 'vitest';
import { FakeClock } from '@skerry/base/testing';
import { recordingEvents } from '@skerry/client/testing';
import { ImageError, ImagePuller } from '#images/puller.ts';
import { podEvents } from '#pods/events.ts';
import { sandboxConfig } from '#pods/sandbox-config.ts';
import { RuntimeError, type ContainerRuntime, type Image } from '#runtime.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const image: Image = { id: 'sha256:1', tags: [], digests: [], sizeBytes: 7, pinned: false };

function setUp({ present = false, failures = 0 } = {}) {
  const clock = new FakeClock();
  const events = recordingEvents();
  const pulls: string[] = [];
  let left = failures;
  let here = present;
  const runtime: Pick<ContainerRuntime, 'imageStatus' | 'pullImage'> = {
    imageStatus: async () => (here ? image : undefined),
    async pullImage(reference) {
      pulls.push(reference);
      if (left-- > 0) throw new RuntimeError('failed', 'no such host');
      here = true;
      return image.id;
    },
  };
  const puller = new ImagePuller({ runtime: runtime as ContainerRuntime, events: podEvents(events), clock });
  const pod = testPod();
  const sandbox = sandboxConfig(pod, 0, {
    cgroupRoot: '/x',
    logRoot: '/x',
    clusterDns: { servers: [], domain: 'cluster.local' },
    hostDns: { servers: [], searches: [], options: [] },
  });
  const ensure = (named: string, policy?: string) =>
    puller.ensure(pod, testContainer('main', { image: named, imagePullPolicy: policy }), {
      secrets: [],
      sandbox,
      signal: new AbortController().signal,
    });
  return { clock, events, pulls, ensure };
}

async function failure(pending: Promise<unknown>): Promise<ImageError> {
  const error: unknown = await pending.catch((cause: unknown) => cause);
  if (!(error instanceof ImageError)) throw new Error(`expected an ImageError, got ${String(error)}`);
  return error;
}

test('an image that is here is pulled only when the policy says Always', async () => {
  const { ensure, pulls } = setUp({ present: true });
  await ensure('a:1');
  expect(pulls).toEqual([]);
  await ensure('a:1', 'Always');
  await ensure('a');
  expect(pulls).toEqual(['docker.io/library/a:1', 'docker.io/library/a:latest']);
});

test('a failed pull is held back for 10 s, then 20 s, and says why', async () => {
  const { clock, ensure, pulls, events } = setUp({ failures: 2 });
  expect(await failure(ensure('a:1'))).toMatchObject({
    reason: 'ErrImagePull',
    message: 'no such host',
    retryAfterMs: 10_000,
  });
  expect(await failure(ensure('a:1'))).toMatchObject({
    reason: 'ImagePullBackOff',
    message: 'Back-off pulling image "a:1": ErrImagePull: no such host',
  });
  await clock.advance(10_000);
  expect(await failure(ensure('a:1'))).toMatchObject({ reason: 'ErrImagePull', retryAfterMs: 20_000 });
  await clock.advance(20_000);
  expect(await ensure('a:1')).toEqual(image);
  expect(pulls).toHaveLength(3);
  expect(events.lines).toEqual([
    'Normal Pulling: Pulling image "a:1"',
    'Warning Failed: Failed to pull image "a:1": no such host',
    'Warning Failed: Error: ErrImagePull',
    'Normal BackOff: Back-off pulling image "a:1"',
    'Warning Failed: Error: ImagePullBackOff',
    'Normal Pulling: Pulling image "a:1"',
    'Warning Failed: Failed to pull image "a:1": no such host',
    'Warning Failed: Error: ErrImagePull',
    'Normal Pulling: Pulling image "a:1"',
    'Normal Pulled: Successfully pulled image "a:1" in 0ms (0ms including waiting). Image size: 7 bytes.',
  ]);
});

test('names that are none, and images that must not be pulled, are told apart', async () => {
  const { ensure } = setUp();
  expect(await failure(ensure('NOT AN IMAGE'))).toMatchObject({ reason: 'InvalidImageName' });
  expect(await failure(ensure('a:1', 'Never'))).toMatchObject({ reason: 'ErrImageNeverPull' });
});
