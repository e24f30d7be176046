import { expect, test } from 'vitest';
import { AuditNotes } from '#audit/audit-notes.ts';

test('what was said first of a request stands', () => {
  const notes = new AuditNotes();
  expect(notes.annotations).toBeUndefined();
  notes.add('example.com/reason', 'first');
  notes.add('example.com/reason', 'second');
  notes.add('example.com/other', '');
  expect(notes.annotations).toEqual({ 'example.com/reason': 'first', 'example.com/other': '' });
});

test('annotations of one request are bounded', () => {
  const notes = new AuditNotes();
  for (let index = 0; index < 1000; index++) notes.add(`key-${index}`, 'value');
  expect(Object.keys(notes.annotations ?? {})).toHaveLength(200);
});
