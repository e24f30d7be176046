import { expect, test } from 'vitest';
import { parseInstant, type InstantForm } from '#instant.ts';

function read(text: string, form: InstantForm): string {
  const parsed = parseInstant(text, form);
  if (parsed.type === 'instant') return parsed.text;
  return parsed.type === 'zero' ? 'zero' : parsed.fault;
}

test.each<[InstantForm, string, string]>([
  ['time', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
  ['time', '2026-01-02T03:04:05.999999999Z', '2026-01-02T03:04:05Z'],
  ['time', '2026-01-02T03:04:05,5Z', '2026-01-02T03:04:05Z'],
  ['time', '2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05Z'],
  ['time', '2026-01-01T00:30:00-01:30', '2026-01-01T02:00:00Z'],
  ['time', '0099-03-01T00:00:00Z', '0099-03-01T00:00:00Z'],
  ['time', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ['time', '2026-01-02T03:04:05.123456Z', '2026-01-02T03:04:05Z'],
  ['micro-time', '2026-01-31T23:59:59.000001Z', '2026-01-31T23:59:59.000001Z'],
  [
    'micro-time',
    '2026-01-02T03:04:05Z',
    'parsing time "2026-01-02T03:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  ],
  ['time', '0001-01-01T00:00:00Z', 'zero'],
  ['micro-time', '2026-01-02T03:04:05.120000Z', '2026-01-02T03:04:05.120000Z'],
  ['micro-time', '0001-01-01T00:00:00.000000Z', 'zero'],
  ['time', '2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
  ['time', '2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
  ['time', '2026-01-01T24:00:00Z', 'parsing time "2026-01-01T24:00:00Z": hour out of range'],
  [
    'time',
    '2026-01-01T00:00:00+99:00',
    'parsing time "2026-01-01T00:00:00+99:00": time zone offset hour out of range',
  ],
  ['time', '2026-01-01T00:00:00Zx', 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'],
  ['time', '9999-12-31T23:59:59-01:00', 'parsing time "9999-12-31T23:59:59-01:00": year out of range'],
  ['time', '', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
  [
    'time',
    '2026-01-02t03:04:05z',
    'parsing time "2026-01-02t03:04:05z" as "2006-01-02T15:04:05Z07:00": cannot parse "t03:04:05z" as "T"',
  ],
  [
    'micro-time',
    '2026-01-02T03:04:05Z',
    'parsing time "2026-01-02T03:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  ],
])('as %s, %j is %j', (form, text, expected) => {
  expect(read(text, form)).toBe(expected);
});
