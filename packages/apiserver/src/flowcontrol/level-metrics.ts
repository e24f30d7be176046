import type { PriorityLevel } from '#flowcontrol/priority-level.ts';
import type { MetricRegistry, Sampled } from '@skerry/base';

/** The `apiserver_flowcontrol_*` families of limits and of what levels wanted, read when they are asked for. */
export function sampleLevels(
  metrics: MetricRegistry,
  {
    levels,
    fairFraction,
    waitingForTurn,
  }: {
    readonly levels: () => readonly PriorityLevel<unknown>[];
    readonly fairFraction: () => number;
    readonly waitingForTurn: () => number;
  },
): void {
  const perLevel = (rest: string, help: string, value: (level: PriorityLevel<unknown>) => number): void => {
    const name = `apiserver_flowcontrol_${rest}`;
    metrics.sampled({ name, help, type: 'gauge', labels: ['priority_level'] }, (): Sampled =>
      levels().map((level) => [[level.name], value(level)] as const),
    );
  };
  perLevel('nominal_limit_seats', 'Seats by the shares of the level.', ({ nominal }) => nominal);
  perLevel('lower_limit_seats', 'Seats that the level keeps.', ({ lowest }) => lowest);
  perLevel('upper_limit_seats', 'Seats with all that may be borrowed.', ({ highest }) => highest);
  perLevel('current_limit_seats', 'Seats of the level now.', ({ current }) => current);
  perLevel('demand_seats_high_watermark', 'Most seats wanted in the last period.', ({ peak }) => peak);
  perLevel('demand_seats_average', 'Seats wanted in the last period on average.', (level) => level.average);
  perLevel('demand_seats_stdev', 'Deviation of seats wanted in the last period.', (level) => level.deviation);
  perLevel('demand_seats_smoothed', 'Seats wanted, smoothed.', ({ smoothed }) => smoothed);
  perLevel('target_seats', 'Seats that the level should have.', ({ target }) => target);
  perLevel('current_r', 'Progress of the fair queuing in seat-seconds.', (level) => level.requests.progress);
  metrics.sampled(
    {
      name: 'apiserver_flowcontrol_waiting_for_turn',
      help: 'Requests that have a seat and wait until the event loop comes to them.',
      type: 'gauge',
    },
    () => [[[], waitingForTurn()]],
  );
  metrics.sampled(
    {
      name: 'apiserver_flowcontrol_seat_fair_frac',
      help: 'Part of its target that each level gets that can use it.',
      type: 'gauge',
    },
    () => [[[], fairFraction()]],
  );
}
