import { expect, test } from 'vitest';
import { fillRequired, fillUnset } from './required-fields.ts';
import { builtinSchemas } from './schemas.ts';

const event = { ref: 'io.k8s.api.core.v1.Event' };
const deployment = { ref: 'io.k8s.api.apps.v1.Deployment' };

test('what an author left out is told as a stock server tells it', () => {
  const object = {};
  fillUnset(builtinSchemas, event, object);
  expect(object).toEqual({
    metadata: {},
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
  });
});

test('parts that are no pointers are told at any depth', () => {
  const object = { spec: { template: { spec: { containers: [{ name: 'a' }] } } } };
  fillUnset(builtinSchemas, deployment, object);
  expect(object).toEqual({
    metadata: {},
    spec: {
      strategy: {},
      template: { metadata: {}, spec: { containers: [{ name: 'a', resources: {} }] } },
    },
    status: {},
  });
});

test('for rules, only required fields are filled', () => {
  const object = { spec: {} };
  fillRequired(builtinSchemas, deployment, object);
  expect(object).toEqual({ spec: { template: {} } });
});
