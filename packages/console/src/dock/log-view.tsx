/**
 * A log as lines: as many are in the page as can be seen, whatever the log's length. It follows the end until one scrolls up, and
 * again when one comes back down. What is searched for is marked, or everything else is left out.
 */
import { CheckOutlined, LinkOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Checkbox, Input, Select } from 'antd';
import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type CSSProperties,
  type ReactNode,
} from 'react';
import { getObject } from '#api/objects.ts';
import type { DockTab } from '#app/dock-state.ts';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { listAt, textAt } from '#kinds/values.ts';
import { download } from '#ui/download.ts';
import { formatInstant } from '#ui/time.ts';
import { piecesOf, plainText, type Style } from './ansi.ts';
import { jsonLine } from './json-line.ts';
import { flatLayout, wrappedLayout } from './line-layout.ts';
import { LogBuffer, type LogLine } from './log-buffer.ts';
import { linkOfLine } from './log-link.ts';
import { streamLog, type LogOptions, type LogState } from './log-stream.ts';
import { mark, matcherOf, matchesLine, type Matcher } from './search-lines.ts';
import styles from './log-view.module.css';

const lineHeight = 18;
const overscan = 12;
/** So near to the end counts as being there. */
const endDistance = 24;
const copiedMs = 2000;

const initial: LogOptions = {
  container: '',
  previous: false,
  tailLines: 500,
  sinceSeconds: 0,
  at: '',
};

type LogsTab = Extract<DockTab, { kind: 'logs' }>;

export function LogView({ tab }: { readonly tab: LogsTab }) {
  const t = useT();
  const [options, setOptions] = useState<LogOptions>({
    ...initial,
    container: tab.container ?? '',
    previous: tab.previous ?? false,
    at: tab.at ?? '',
  });
  const [state, setState] = useState<LogState>('connecting');
  const [wanted, setWanted] = useState('');
  const [isRegExp, setRegExp] = useState(false);
  const [isFilter, setFilter] = useState(false);
  const [isWrapped, setWrapped] = useState(false);
  const [isJson, setJson] = useState(false);
  const [isTimed, setTimed] = useState(false);
  const [isCopied, setCopied] = useState(false);
  const buffer = useMemo(() => new LogBuffer(), []);
  const key = JSON.stringify(options);
  const tabKey = JSON.stringify(tab);
  useEffect(() => {
    buffer.clear();
    const stream = streamLog(JSON.parse(tabKey) as LogsTab, JSON.parse(key) as LogOptions, {
      buffer,
      onState: setState,
    });
    return () => stream.close();
  }, [buffer, key, tabKey]);
  const version = useSyncExternalStore(buffer.subscribe, buffer.version);
  const found = useMemo(() => matcherOf(wanted, { isRegExp }), [wanted, isRegExp]);
  const matcher = typeof found === 'function' ? found : undefined;
  const lines = useMemo(
    () => {
      const plain = isJson ? buffer.lines.map(readJson) : buffer.lines;
      const read = isTimed ? plain.map(withTime) : plain;
      return matcher && isFilter ? read.filter(({ text }) => matchesLine(matcher, text)) : [...read];
    },
    // The buffer's version says when its lines are others.
    // oxlint-disable-next-line react/exhaustive-deps
    [buffer, matcher, isFilter, isJson, isTimed, version],
  );
  const matches = useMemo(
    () => (matcher ? lines.flatMap(({ text }, index) => (matchesLine(matcher, text) ? [index] : [])) : []),
    [matcher, lines],
  );
  const [current, setCurrent] = useState(0);
  const list = useRef<ListHandle>(null);
  const step = (by: number): void => {
    if (matches.length === 0) return;
    const next = (current + by + matches.length) % matches.length;
    setCurrent(next);
    list.current?.show(matches[next] ?? 0);
  };
  const linked = useMemo(() => indexAt(lines, options.at), [lines, options.at]);
  const shownAt = useRef('');
  useEffect(() => {
    if (linked === undefined || shownAt.current === options.at) return;
    shownAt.current = options.at;
    list.current?.show(linked);
  }, [linked, options.at]);
  const copyLink = async (line: LogLine | undefined): Promise<void> => {
    const link = line && linkOfLine(line, { ...tab, previous: options.previous });
    if (!link) return;
    await navigator.clipboard.writeText(new URL(link, location.origin).href);
    setCopied(true);
    setTimeout(() => setCopied(false), copiedMs);
  };
  const save = (): void =>
    download(
      `${tab.title}.log`,
      buffer.lines
        .map((line) => (isTimed ? withTime(line) : line))
        .map(({ source, text }) =>
          tab.pod || source === '' ? plainText(text) : `${source} ${plainText(text)}`,
        )
        .join('\n'),
    );
  return (
    <div className={styles['view']}>
      <div className={styles['bar']} role="toolbar" aria-label={t('logs.tools')}>
        {tab.pod ? (
          <Containers
            tab={tab}
            pod={tab.pod}
            value={options.container}
            onChange={(container) => setOptions({ ...options, container })}
          />
        ) : null}
        <Select
          size="small"
          aria-label={t('logs.since')}
          value={options.sinceSeconds}
          onChange={(sinceSeconds) => setOptions({ ...options, sinceSeconds })}
          options={[
            { value: 0, label: t('logs.since.all') },
            ...[300, 3600, 21_600, 86_400].map((value) => ({
              value,
              label: t('logs.since.last', { age: ages[value] ?? '' }),
            })),
          ]}
        />
        <Select
          size="small"
          aria-label={t('logs.tail')}
          value={options.tailLines}
          onChange={(tailLines) => setOptions({ ...options, tailLines })}
          options={[100, 500, 5000, 20_000].map((value) => ({
            value,
            label: t('logs.tail.lines', { count: value }),
          }))}
        />
        <Checkbox checked={isTimed} onChange={(event) => setTimed(event.target.checked)}>
          {t('logs.timestamps')}
        </Checkbox>
        <Checkbox checked={isWrapped} onChange={(event) => setWrapped(event.target.checked)}>
          {t('logs.wrap')}
        </Checkbox>
        <Checkbox checked={isJson} onChange={(event) => setJson(event.target.checked)}>
          {t('logs.json')}
        </Checkbox>
        {tab.pod ? (
          <Checkbox
            checked={options.previous}
            onChange={(event) => setOptions({ ...options, previous: event.target.checked })}
          >
            {t('logs.previous')}
          </Checkbox>
        ) : null}
        <span className={styles['search']}>
          <Input
            size="small"
            type="search"
            aria-label={t('logs.search')}
            placeholder={t('logs.search')}
            value={wanted}
            status={found && !matcher ? 'error' : ''}
            onChange={(event) => {
              setWanted(event.target.value);
              setCurrent(0);
            }}
            onKeyDown={(event) => {
              if (event.nativeEvent.isComposing || event.key !== 'Enter') return;
              step(event.shiftKey ? -1 : 1);
            }}
          />
          <span className="muted" role="status">
            {wanted === '' ? '' : t('logs.matches', { count: matches.length })}
          </span>
          <Checkbox checked={isRegExp} onChange={(event) => setRegExp(event.target.checked)}>
            {t('logs.regexp')}
          </Checkbox>
          <Checkbox checked={isFilter} onChange={(event) => setFilter(event.target.checked)}>
            {t('logs.filter')}
          </Checkbox>
        </span>
        <Button
          size="small"
          icon={isCopied ? <CheckOutlined /> : <LinkOutlined />}
          onClick={() => void copyLink(lines[matches[current] ?? linked ?? list.current?.first() ?? 0])}
        >
          <span aria-live="polite">{t(isCopied ? 'action.copied' : 'logs.link')}</span>
        </Button>
        <Button size="small" onClick={save}>
          {t('action.download')}
        </Button>
        {options.at === '' ? null : (
          <Button size="small" type="primary" onClick={() => setOptions({ ...options, at: '' })}>
            {t('logs.toNow')}
          </Button>
        )}
        <span className="muted" role="status">
          {options.at !== '' && state === 'ended'
            ? t(linked === undefined ? 'logs.lineGone' : 'logs.around', { when: formatInstant(options.at) })
            : t(`logs.state.${state}`)}
        </span>
      </div>
      <Lines
        ref={list}
        lines={lines}
        total={buffer.total}
        matcher={matcher}
        marked={matches[current]}
        linked={linked}
        isLive={options.at === ''}
        onLink={(line) => void copyLink(line)}
        hasSources={!tab.pod}
        isWrapped={isWrapped}
        label={t('logs.of', { name: tab.title })}
      />
    </div>
  );
}

/** The line of that time, or the first one after it. */
function indexAt(lines: readonly LogLine[], at: string): number | undefined {
  if (at === '') return undefined;
  const found = lines.findIndex(({ time }) => time !== undefined && time >= at);
  return found < 0 ? undefined : found;
}

const timedLines = new WeakMap<LogLine, LogLine>();

function withTime(line: LogLine): LogLine {
  const known = timedLines.get(line);
  if (known) return known;
  const timed = line.time === undefined ? line : { ...line, text: `${line.time} ${line.text}` };
  timedLines.set(line, timed);
  return timed;
}

const readLines = new WeakMap<LogLine, LogLine>();

/** Each line is taken apart once, however often the list is drawn. */
function readJson(line: LogLine): LogLine {
  const known = readLines.get(line);
  if (known) return known;
  const text = jsonLine(plainText(line.text));
  const read = text === undefined ? line : { ...line, text };
  readLines.set(line, read);
  return read;
}

const ages: Readonly<Record<number, string>> = { 300: '5m', 3600: '1h', 21_600: '6h', 86_400: '24h' };

function Containers({
  tab,
  pod,
  value,
  onChange,
}: {
  readonly tab: LogsTab;
  readonly pod: string;
  readonly value: string;
  readonly onChange: (container: string) => void;
}) {
  const t = useT();
  const { data } = useQuery({
    queryKey: ['object', tab.cluster, 'pods', tab.namespace, pod],
    queryFn: () => getObject(tab.cluster, kindOf('pods'), { namespace: tab.namespace, name: pod }),
  });
  const names = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    listAt(data, 'spec', list).map((container) => textAt(container, 'name') ?? ''),
  );
  if (names.length < 2) return null;
  return (
    <Select
      size="small"
      aria-label={t('logs.container')}
      value={value}
      onChange={onChange}
      popupMatchSelectWidth={false}
      options={[
        { value: '', label: t('logs.allContainers') },
        ...names.map((name) => ({ value: name, label: name })),
      ]}
    />
  );
}

interface ListHandle {
  readonly show: (index: number) => void;
  /** Index of the first line that is in sight. */
  readonly first: () => number;
}

interface LinesProps {
  readonly ref: React.Ref<ListHandle>;
  readonly lines: readonly LogLine[];
  readonly total: number;
  readonly matcher: Matcher | undefined;
  /** The line of the match that is looked at. */
  readonly marked: number | undefined;
  /** The line that an address leads to. */
  readonly linked: number | undefined;
  /** Otherwise nothing more comes, and there is no end to go back to. */
  readonly isLive: boolean;
  readonly onLink: (line: LogLine) => void;
  readonly hasSources: boolean;
  readonly isWrapped: boolean;
  readonly label: string;
}

/** Left and right of a line. */
const paddingPx = 34;

function Lines({
  ref,
  lines,
  total,
  matcher,
  marked,
  linked,
  isLive,
  onLink,
  hasSources,
  isWrapped,
  label,
}: LinesProps) {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  const [columns, setColumns] = useState(120);
  const [isFollowing, setFollowing] = useState(true);
  const [seen, setSeen] = useState(0);
  const toEnd = useCallback(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  useEffect(() => {
    if (isFollowing) toEnd();
  }, [isFollowing, lines, isWrapped, columns, toEnd]);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => {
      setView({ top: element.scrollTop, height: element.clientHeight });
      const letter = (probe.current?.getBoundingClientRect().width ?? 0) / probeLetters.length;
      if (letter > 0) setColumns(Math.floor((element.clientWidth - paddingPx) / letter));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const layout = useMemo(
    () =>
      isWrapped
        ? wrappedLayout(
            lines.map((line) => plainText(line.text) + (hasSources ? `${line.source} ` : '')),
            columns,
          )
        : flatLayout(lines.length),
    [lines, isWrapped, hasSources, columns],
  );
  const latest = useRef({ total, layout });
  useEffect(() => {
    latest.current = { total, layout };
  });
  // The handle is how the search, which stands above, moves the list.
  useEffect(() => {
    const handle: ListHandle = {
      show: (index) => {
        setFollowing(false);
        setSeen(latest.current.total);
        const top = latest.current.layout.topOf(index) * lineHeight;
        if (box.current) box.current.scrollTop = Math.max(0, top - box.current.clientHeight / 2);
      },
      first: () => latest.current.layout.indexAt((box.current?.scrollTop ?? 0) / lineHeight),
    };
    if (typeof ref === 'function') ref(handle);
    else if (ref) ref.current = handle;
  }, [ref]);
  const onScroll = (): void => {
    const element = box.current;
    if (!element) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < endDistance;
    if (isAtEnd !== isFollowing) {
      setFollowing(isAtEnd);
      setSeen(total);
    }
  };
  /** At once, since the next line would move the list back to its end before it has scrolled. */
  const letGo = (isUpwards: boolean): void => {
    const element = box.current;
    if (!isUpwards || !isFollowing || !element || element.scrollHeight <= element.clientHeight) return;
    setFollowing(false);
    setSeen(total);
  };
  const first = Math.max(0, layout.indexAt(view.top / lineHeight) - overscan);
  const last = Math.min(lines.length, layout.indexAt((view.top + view.height) / lineHeight) + 1 + overscan);
  const firstLine = lines[first];
  const inherited = useMemo(() => stylesBefore(lines, first), [lines, first]);
  const rows: ReactNode[] = [];
  const styleOf = new Map(inherited);
  for (let index = first; index < last; index++) {
    const line = lines[index];
    if (!line) continue;
    const { pieces, after } = piecesOf(line.text, styleOf.get(line.source));
    styleOf.set(line.source, after);
    rows.push(
      <Line
        key={line.number}
        line={line}
        pieces={pieces}
        matcher={matcher}
        isMarked={index === marked || index === linked}
        isLinked={index === linked}
        linkLabel={line.time === undefined ? undefined : t('logs.link')}
        onLink={onLink}
        hasSource={hasSources}
        rows={isWrapped ? layout.topOf(index + 1) - layout.topOf(index) : undefined}
      />,
    );
  }
  const waiting = total - seen;
  return (
    <div className={styles['frame']}>
      <div
        ref={box}
        className={styles['box']}
        onScroll={onScroll}
        onWheel={(event) => letGo(event.deltaY < 0)}
        onKeyDown={(event) => letGo(['ArrowUp', 'PageUp', 'Home'].includes(event.key))}
        // A region that scrolls has to be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={label}
        data-first={firstLine?.number}
      >
        <span ref={probe} className={styles['probe']} aria-hidden="true">
          {probeLetters}
        </span>
        <div className={styles['space']} style={{ height: layout.rows * lineHeight }}>
          <div
            className={isWrapped ? styles['wrapped'] : styles['shown']}
            style={{ transform: `translateY(${layout.topOf(first) * lineHeight}px)` }}
          >
            {rows}
          </div>
        </div>
      </div>
      {isFollowing || !isLive ? null : (
        <button
          type="button"
          className={styles['pill']}
          onClick={() => {
            setFollowing(true);
            toEnd();
          }}
        >
          ↓ {waiting > 0 ? t('logs.new', { count: waiting }) : t('logs.follow')}
        </button>
      )}
    </div>
  );
}

const probeLetters = '0'.repeat(100);
const lookedBackMax = 200;

/** The colours that are on where the shown part begins: set by a line before it that did not end them. */
function stylesBefore(lines: readonly LogLine[], first: number): ReadonlyMap<string, Style> {
  const found = new Map<string, Style>();
  for (const { source, text } of lines.slice(Math.max(0, first - lookedBackMax), first)) {
    if (!text.includes('\u001b') && !found.has(source)) continue;
    found.set(source, piecesOf(text, found.get(source)).after);
  }
  return found;
}

interface LineProps {
  readonly line: LogLine;
  readonly pieces: ReturnType<typeof piecesOf>['pieces'];
  readonly matcher: Matcher | undefined;
  readonly isMarked: boolean;
  readonly isLinked: boolean;
  /** Absent for lines that have no address. */
  readonly linkLabel: string | undefined;
  readonly onLink: (line: LogLine) => void;
  readonly hasSource: boolean;
  /** How high it is when it is wrapped. */
  readonly rows: number | undefined;
}

function Line({ line, pieces, matcher, isMarked, isLinked, linkLabel, onLink, hasSource, rows }: LineProps) {
  const matches = matcher?.(plainText(line.text)) ?? [];
  let offset = 0;
  return (
    <div
      className={`${styles['line'] ?? ''} ${isMarked ? (styles['marked'] ?? '') : ''} ${line.source === '' ? (styles['own'] ?? '') : ''}`}
      style={rows === undefined ? undefined : { height: rows * lineHeight }}
      data-linked={isLinked || undefined}
    >
      {linkLabel ? (
        // By keyboard the button above the lines does the same.
        <button
          type="button"
          tabIndex={-1}
          className={styles['link']}
          aria-label={linkLabel}
          title={`${linkLabel} · ${line.time ?? ''}`}
          onClick={() => onLink(line)}
        >
          #
        </button>
      ) : null}
      {hasSource && line.source !== '' ? (
        <span className={`${styles['source'] ?? ''} ${styles[`source-${hueOf(line.source)}`] ?? ''}`}>
          {line.source}
        </span>
      ) : null}
      {pieces.map(({ text, style }, index) => {
        const parts = mark(text, offset, matches);
        offset += text.length;
        return (
          // Pieces have no identity but their place.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index} className={classOf(style)} style={colorsOf(style)}>
            {parts.map((part, at) =>
              // oxlint-disable-next-line react/no-array-index-key
              part.isMatch ? <mark key={at}>{part.text}</mark> : part.text,
            )}
          </span>
        );
      })}
    </div>
  );
}

function classOf({ color, background, bold, dim, italic, underline, inverse }: Style): string {
  return [
    typeof color === 'number' ? styles[`color-${color}`] : undefined,
    typeof background === 'number' ? styles[`back-${background % 8}`] : undefined,
    bold ? styles['bold'] : undefined,
    dim ? styles['dim'] : undefined,
    italic ? styles['italic'] : undefined,
    underline ? styles['underline'] : undefined,
    inverse ? styles['inverse'] : undefined,
  ]
    .filter(Boolean)
    .join(' ');
}

function colorsOf({ color, background }: Style): CSSProperties | undefined {
  if (typeof color !== 'string' && typeof background !== 'string') return undefined;
  return {
    ...(typeof color === 'string' ? { color } : {}),
    ...(typeof background === 'string' ? { backgroundColor: background } : {}),
  };
}

const hues = 6;

function hueOf(source: string): number {
  let hash = 0;
  for (let index = 0; index < source.length; index++) hash = (hash * 31 + source.charCodeAt(index)) | 0;
  return Math.abs(hash) % hues;
}
