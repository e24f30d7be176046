/**
 * Admission, conversion and aggregation as the real server does them. Both servers call one webhook, so this is played only
 * where the real server can be started; what it is played from says the rest.
 */
import { type ExtensionServer, dialLoopback } from '@skerry/apiserver/testing';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHook } from './admission-hook.ts';
import { type Sequence, sequences } from './admission-sequences.ts';
import type { Answer, Step } from './case.ts';
import { Client, tokenCredentials } from './client.ts';
import { compareAnswers, describeDifference } from './compare.ts';
import { type OwnServer, startOwnServer } from './own-server.ts';
import { type ReferenceServer, referenceBinaries, startReferenceServer } from './reference-server.ts';
import { runCase } from './run-case.ts';

let hook: ExtensionServer;
let own: OwnServer;
let reference: ReferenceServer;

describe.skipIf(!referenceBinaries())('where the real server is at hand', () => {
  beforeAll(async () => {
    hook = await startHook();
    own = await startOwnServer({ dial: dialLoopback });
    reference = await startReferenceServer();
  }, 200_000);

  afterAll(async () => {
    await reference?.close();
    await own?.close();
    await hook?.close();
  });

  test.each(sequences.map((sequence, index) => [sequence.name, sequence, index] as const))(
    '%s is answered alike',
    async (_name, sequence, index) => {
      const name = `s${index}`;
      const { url, ca } = reference;
      const [ours, expected] = await Promise.all([
        play(new Client(own.target), sequence, name),
        play(new Client({ url, ca, credentials: tokenCredentials }), sequence, name),
      ]);
      const differences = ours.flatMap((answer, step) =>
        compareAnswers(toldApart(answer), toldApart(expected[step]!))
          .filter(({ path }) => !sequence.known?.includes(`${step}: ${path}`))
          .map((each) => `${step}: ${describeDifference(each)}`),
      );
      expect(differences).toEqual([]);
    },
  );
});

async function play(client: Client, { setup, until, steps }: Sequence, name: string): Promise<Answer[]> {
  const run = (some: readonly Step[], namespace = false) =>
    runCase(
      client,
      { area: 'admission', name, steps: some.map(filled), namespace },
      { name, nowMs: Date.now(), digests: false },
    );
  await run([], true);
  const made = await run(setup.map(({ path, body }): Step => ({ method: 'POST', path, body })));
  for (const { code, body } of made) if (code !== 201) throw new Error(JSON.stringify(body));
  const { code: wanted, ...probe } = until;
  await eventually(
    async () => {
      const [answer] = await run([probe]);
      if (answer!.code !== wanted) throw new Error(`not in force: ${JSON.stringify(answer)}`);
    },
    { timeoutMs: 15_000, everyMs: 100 },
  );
  return run(steps);
}

function filled(step: Step): Step {
  const text = JSON.stringify(step)
    .replaceAll('{{hook}}', `https://127.0.0.1:${hook.port}`)
    .replaceAll('{{wrongHost}}', `https://localhost:${hook.port}`)
    .replaceAll('{{ca}}', hook.caBundle);
  return JSON.parse(text) as Step;
}

/** What `/tell` says, field by field. */
function toldApart(answer: Answer): Answer {
  const { message } = (answer.body ?? {}) as { message?: unknown };
  const [, words, told] =
    /^(admission webhook \S+ denied the request: )(\{.*\})$/.exec(String(message)) ?? [];
  if (told === undefined) return answer;
  const plain = told.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
  return {
    ...answer,
    body: { ...(answer.body as object), message: words, told: JSON.parse(plain) as unknown },
  };
}
