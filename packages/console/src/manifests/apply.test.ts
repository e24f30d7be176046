import { expect, test } from 'vitest';
import { ownedFields } from './apply.ts';

test('the owners of fields are read from the causes of a conflict', () => {
  const causes = [
    {
      reason: 'FieldManagerConflict',
      message: 'conflict with "kubectl" using apps/v1',
      field: '.spec.replicas',
    },
  ];
  expect(ownedFields({ code: 409, details: { causes } })).toEqual([
    { field: 'spec.replicas', owner: 'kubectl' },
  ]);
  expect(ownedFields({ code: 409, reason: 'AlreadyExists' })).toEqual([]);
});
