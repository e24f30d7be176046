/**
 * When a cron schedule fires next. Field by field from the largest, as kube-controller-manager searches: so a time that clocks
 * skip in spring has no run that day, and an hour that they show twice in autumn has two. Common libraries move the one
 * and drop the other, and read other dialects.
 */
import type { CronTimes } from '#cron/cron-schedule.ts';
import { WallClock, weekdayOf } from '#cron/wall-clock.ts';
import type { WallTime } from '#cron/wall-clock.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** A schedule that fires in none of the following years never does: the 30th of February. */
const yearsMax = 5;

/** The first run after an instant, in milliseconds; undefined where there is none. `zone` is a name of the IANA database. */
export function nextRun(times: CronTimes, afterMs: number, zone: string): number | undefined {
  const wholeMs = Math.floor(afterMs / secondMs) * secondMs;
  if ('everySeconds' in times) return wholeMs + times.everySeconds * secondMs;
  const clock = new WallClock(zone);
  // Schedules fire at second 0: the first minute that begins later.
  let ms = wholeMs + secondMs;
  const lastYear = clock.at(ms).year + yearsMax;
  let isReset = false;
  const reset = (fields: Partial<WallTime>) => {
    if (!isReset) ms = clock.instant({ ...clock.at(ms), minute: 0, second: 0, ...fields });
    isReset = true;
  };
  search: while (clock.at(ms).year <= lastYear) {
    while (!times.months.has(clock.at(ms).month)) {
      reset({ day: 1, hour: 0 });
      const shown = clock.at(ms);
      ms = clock.instant({ ...shown, month: shown.month + 1 });
      if (clock.at(ms).month === 1) continue search;
    }
    while (!isDay(times, clock.at(ms))) {
      reset({ hour: 0 });
      const shown = clock.at(ms);
      const next = clock.instant({ ...shown, day: shown.day + 1 });
      // Some days don't exist where clocks were moved across the date line.
      ms = next > ms ? next : ms + 24 * hourMs;
      // Some days don't begin at midnight.
      const { hour } = clock.at(ms);
      if (hour !== 0) ms += hour > 12 ? (24 - hour) * hourMs : -hour * hourMs;
      if (clock.at(ms).day === 1) continue search;
    }
    while (!times.hours.has(clock.at(ms).hour)) {
      reset({});
      ms += hourMs;
      if (clock.at(ms).hour === 0) continue search;
    }
    while (!times.minutes.has(clock.at(ms).minute)) {
      ms = isReset ? ms : Math.floor(ms / minuteMs) * minuteMs;
      isReset = true;
      ms += minuteMs;
      if (clock.at(ms).minute === 0) continue search;
    }
    if (ms % minuteMs === 0) return ms;
    isReset = true;
    ms = (Math.floor(ms / minuteMs) + 1) * minuteMs;
  }
  return undefined;
}

function isDay(times: Exclude<CronTimes, { everySeconds: number }>, shown: WallTime): boolean {
  const isOfMonth = times.days.has(shown.day);
  const isOfWeek = times.weekdays.has(weekdayOf(shown));
  return times.isDayOpen || times.isWeekdayOpen ? isOfMonth && isOfWeek : isOfMonth || isOfWeek;
}
