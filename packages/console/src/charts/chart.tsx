import 'uplot/dist/uPlot.min.css';
import type { Series } from '@skerry/center/contract';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useTheme } from '#app/theme.ts';
import { translateIfKnown } from '#i18n/index.ts';
import { formatQuantity } from './format-quantity.ts';
import styles from './chart.module.css';

const heightPx = 180;
/** Told apart without colours too: by dashes. */
const strokes = ['--primary', '--disconnected', '--warning', '--progressing', '--error', '--ok'];
const dashes: readonly number[][] = [[], [6, 4], [2, 3], [10, 4, 2, 4], [1, 2], [8, 2]];

interface ChartProps {
  readonly series: Series;
  readonly label: string;
}

export function Chart({ series, label }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const plot = new uPlot(optionsOf(series, element), dataOf(series), element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
    // The theme is in the style sheet, which the options read.
  }, [series, theme]);
  return (
    <figure className={styles['chart']} aria-label={label}>
      <div ref={frame} aria-hidden="true" />
      <figcaption>
        <ul>
          {series.lines.map(({ name, unit, values }, index) => (
            <li key={name}>
              <svg width="22" height="8" aria-hidden="true">
                <line
                  x1="0"
                  y1="4"
                  x2="22"
                  y2="4"
                  strokeWidth="2"
                  stroke={`var(${strokes[index % strokes.length]})`}
                  strokeDasharray={(dashes[index % dashes.length] ?? []).join(' ')}
                />
              </svg>
              {translateIfKnown(`charts.line.${name}`) ?? name}
              <strong>{formatQuantity(values.findLast((value) => value !== null) ?? null, unit)}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

function dataOf(series: Series): uPlot.AlignedData {
  return [series.times as number[], ...series.lines.map(({ values }) => values as (number | null)[])];
}

function optionsOf(series: Series, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const unit = series.lines[0]?.unit ?? '';
  const axis: uPlot.Axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    padding: [10, 12, 0, 0],
    cursor: { points: { size: 6 } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map((seconds) => formatTick(seconds, series)) },
      {
        ...axis,
        size: 64,
        space: 24,
        ...(unit.startsWith('bytes') ? { incrs: byteSteps } : {}),
        values: (_, ticks) => ticks.map((value) => formatQuantity(value, unit)),
      },
    ],
    series: [
      {},
      ...series.lines.map((line, index): uPlot.Series => ({
        label: line.name,
        stroke: colour(strokes[index % strokes.length] ?? '--primary'),
        dash: dashes[index % dashes.length] ?? [],
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

/** Steps of an axis of bytes: in decimal ones `4.7Gi` would stand beside a line. */
const byteSteps = [0, 1, 2, 3, 4].flatMap((power) =>
  [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((step) => step * 1024 ** power),
);

const dayS = 86_400;

function formatTick(seconds: number, { times }: Series): string {
  const isLong = (times.at(-1) ?? 0) - (times[0] ?? 0) > 2 * dayS;
  const parts: Intl.DateTimeFormatOptions = isLong
    ? { month: 'numeric', day: 'numeric' }
    : { hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat(document.documentElement.lang, parts).format(seconds * 1000);
}
