import { expect, test } from 'vitest';
import { Composition } from '#composition.ts';
import { Environment } from '#environment.ts';
import {
  AccessAnswers,
  type AccessQuestion,
  authorizerType,
  AuthorizerValue,
  evaluateWithAccess,
} from '#libraries/authorizer.ts';
import { dynType } from '#types/type.ts';
import { fromJson } from '#values/json.ts';

const environment = new Environment({ variables: { object: dynType, authorizer: authorizerType } });

function compile(composition: Composition, expression: string) {
  const compiled = composition.environment.compile(expression);
  if (!compiled.ok) throw new Error(compiled.issues);
  return compiled.program;
}

test('a variable has the type of its expression and may read those before it', () => {
  const composition = new Composition(environment);
  expect(composition.declare('count', 'size(object.list)')).toMatchObject({ ok: true });
  expect(composition.declare('wrong', 'variables.count + "a"')).toMatchObject({ ok: false });
  expect(composition.declare('double', 'variables.count * 2')).toMatchObject({ ok: true });
  expect(composition.environment.compile('variables.missing')).toMatchObject({
    ok: false,
    issues: expect.stringContaining("undefined field 'missing'"),
  });
  const bindings = { object: fromJson({ list: [1, 2] }) };
  const variables = composition.bind(bindings, { costLimit: 1000 });
  const program = compile(composition, 'variables.double == 4 && variables.count == 2');
  expect(program.evaluate({ ...bindings, variables })).toMatchObject({ value: true });
});

test('variables cost once, and only when they are read', () => {
  const composition = new Composition(environment);
  composition.declare('used', 'object.a');
  composition.declare('unused', 'object.b');
  const bindings = { object: fromJson({ a: 1 }) };
  const variables = composition.bind(bindings, { costLimit: 1000 });
  const program = compile(composition, 'variables.used == 1 && variables.used < 2');
  expect(program.evaluate({ ...bindings, variables })).toMatchObject({ value: true });
  expect(variables.spent).toBe(2);
});

test('a variable that fails fails what reads it', () => {
  const composition = new Composition(environment);
  composition.declare('bad', 'object.missing');
  const bindings = { object: fromJson({}) };
  const variables = composition.bind(bindings, { costLimit: 1000 });
  const result = compile(composition, 'variables.bad == 1').evaluate({ ...bindings, variables });
  expect(result).toMatchObject({
    fault: 'composited variable "bad" fails to evaluate: no such key: missing',
  });
});

test('the authorizer is asked what the expression asks, once for each question', async () => {
  const composition = new Composition(environment);
  composition.declare(
    'mayGet',
    "authorizer.group('apps').resource('deployments').namespace('a').check('get').allowed()",
  );
  const program = compile(
    composition,
    "variables.mayGet && !authorizer.serviceAccount('ns', 'sa').path('/metrics').check('get').allowed()",
  );
  const answers = new AccessAnswers();
  const bindings = { object: null, authorizer: new AuthorizerValue(answers) };
  const variables = composition.bind(bindings, { costLimit: 1_000_000 });
  const asked: AccessQuestion[] = [];
  const result = await evaluateWithAccess(
    program,
    { ...bindings, variables },
    {
      answers,
      authorize: (question) => {
        asked.push(question);
        return Promise.resolve({ allowed: question.path === undefined, reason: '' });
      },
    },
  );
  expect(result).toMatchObject({ value: true });
  expect(asked).toMatchObject([
    { verb: 'get', resource: { group: 'apps', resource: 'deployments', namespace: 'a' } },
    { verb: 'get', path: '/metrics', serviceAccount: { namespace: 'ns', name: 'sa' } },
  ]);
});
