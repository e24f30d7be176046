/** Parts of timestamps and durations. Without a zone, timestamps are read in UTC. */
import { type Library, method } from '#check/declarations.ts';
import { calendarField, type CalendarField, type Duration, type Timestamp } from '#values/time.ts';
import { Fault, type Outcome } from '#values/value.ts';
import { durationType, intType, stringType, timestampType } from '#types/type.ts';

const calendar: readonly (readonly [string, string, CalendarField])[] = [
  ['getFullYear', 'year', 'fullYear'],
  ['getMonth', 'month', 'month'],
  ['getDayOfYear', 'day_of_year', 'dayOfYear'],
  ['getDayOfMonth', 'day_of_month', 'dayOfMonth'],
  ['getDate', 'day_of_month_1_based', 'date'],
  ['getDayOfWeek', 'day_of_week', 'dayOfWeek'],
  ['getHours', 'hours', 'hours'],
  ['getMinutes', 'minutes', 'minutes'],
  ['getSeconds', 'seconds', 'seconds'],
  ['getMilliseconds', 'milliseconds', 'milliseconds'],
];

const spans: readonly (readonly [string, string, bigint])[] = [
  ['getHours', 'hours', 3_600_000_000_000n],
  ['getMinutes', 'minutes', 60_000_000_000n],
  ['getSeconds', 'seconds', 1_000_000_000n],
  ['getMilliseconds', 'milliseconds', 1_000_000n],
];

function read(time: Timestamp, field: CalendarField, zone: string): Outcome {
  const value = calendarField(time, field, zone);
  return value === undefined ? new Fault(`unknown time zone ${zone}`) : BigInt(value);
}

export const timeLibrary: Library = [
  ...calendar.flatMap(([name, id, field]) => [
    method(name, `timestamp_to_${id}`, [timestampType], intType, ([time]) =>
      read(time as Timestamp, field, 'UTC'),
    ),
    method(name, `timestamp_to_${id}_with_tz`, [timestampType, stringType], intType, ([time, zone]) =>
      read(time as Timestamp, field, zone as string),
    ),
  ]),
  ...spans.map(([name, id, scale]) =>
    method(name, `duration_to_${id}`, [durationType], intType, ([value]) => {
      const { nanoseconds } = value as Duration;
      // Milliseconds are the part below the second; the others are the whole span.
      return name === 'getMilliseconds' ? (nanoseconds / scale) % 1000n : nanoseconds / scale;
    }),
  ),
];
