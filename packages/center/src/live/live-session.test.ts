import { ApiError } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Freshness, LiveMessage, LiveRequest, Page, Row } from '#contract/index.ts';
import { LiveSession } from '#live/live-session.ts';
import { Pacer } from '#live/pacer.ts';
import { callerNamed } from '#testing/caller-named.ts';

class FakeSocket {
  bufferedAmount = 0;
  readonly messages: LiveMessage[] = [];
  closed: number | undefined;
  send(text: string): void {
    this.messages.push(JSON.parse(text) as LiveMessage);
  }
  close(code: number): void {
    this.closed = code;
  }
}

class FakeView {
  rows: Row[] = [];
  freshnessNow: Freshness = { state: 'live' };
  refusal: Error | undefined;
  computed = 0;
  changed: () => void = () => undefined;
  readonly rbacChanged: (() => void)[] = [];
  readonly pulseChanged: (() => void)[] = [];
  readonly closed: (() => void)[] = [];
  readonly cluster = {
    cluster: 'a',
    rbac: { onChange: (listener: () => void) => listen(this.rbacChanged, listener) },
    pulse: { onChange: (listener: () => void) => listen(this.pulseChanged, listener) },
    onClose: (listener: () => void) => listen(this.closed, listener),
  };
  ready = async () => undefined;
  freshness = async () => this.freshnessNow;
  async onChange(listener: (change: object) => void) {
    this.changed = () => listener({});
    return () => undefined;
  }
  async page(): Promise<Page> {
    this.computed++;
    if (this.refusal) throw this.refusal;
    const rows = [...this.rows];
    return { columns: [], rows, total: rows.length, groups: [], facets: {}, freshness: this.freshnessNow };
  }
}

function listen(listeners: (() => void)[], listener: () => void): () => void {
  listeners.push(listener);
  return () => void listeners.splice(listeners.indexOf(listener), 1);
}

let clock: FakeClock;
let socket: FakeSocket;
let view: FakeView;
let session: LiveSession;

const row = (name: string, cell: string | number = ''): Row => ({
  key: name,
  name,
  cells: [cell],
  created: '',
});
const request = (message: LiveRequest) => session.receive(JSON.stringify(message));
const show = () => request({ type: 'show', id: 'v', cluster: 'a', resource: 'pods', query: {} });
const types = () => socket.messages.map(({ type }) => type);

beforeEach(async () => {
  clock = new FakeClock();
  socket = new FakeSocket();
  view = new FakeView();
  view.rows = Array.from({ length: 30 }, (_, index) => row(`row-${index}`));
  session = new LiveSession({
    socket,
    caller: callerNamed('ann'),
    views: { open: async () => view },
    statusOf: () => ({ code: 500 }),
    pacer: new Pacer(clock),
    clock,
  });
});

describe('a view that is shown', () => {
  test('is told as a page, and then as what changed of it, four times a second at most', async () => {
    show();
    await clock.advance(0);
    expect(socket.messages).toEqual([expect.objectContaining({ type: 'page', id: 'v' })]);
    for (let index = 0; index < 100; index++) {
      view.rows[3] = row('row-3', index);
      view.changed();
    }
    expect(view.computed).toBe(1);
    await clock.advance(250);
    expect(view.computed).toBe(2);
    expect(socket.messages[1]).toEqual({ type: 'change', id: 'v', rows: [row('row-3', 99)] });
  });

  test('tells its order and total where a row came', async () => {
    show();
    await clock.advance(0);
    view.rows.unshift(row('new'));
    view.changed();
    await clock.advance(250);
    expect(socket.messages[1]).toMatchObject({ type: 'change', rows: [row('new')], total: 31 });
    const [, change] = socket.messages as [unknown, LiveMessage & { type: 'change' }];
    expect(change.order?.slice(0, 2)).toEqual(['new', 'row-0']);
  });

  test('is told whole where most of it changed, and not at all where nothing did', async () => {
    show();
    await clock.advance(0);
    view.changed();
    await clock.advance(250);
    expect(socket.messages).toHaveLength(1);
    view.rows = view.rows.map(({ name }) => row(name, 'other'));
    view.changed();
    await clock.advance(250);
    expect(types()).toEqual(['page', 'page']);
  });

  test('changes once in ten seconds while the tab is not looked at', async () => {
    show();
    await clock.advance(0);
    request({ type: 'visibility', visible: false });
    view.rows[0] = row('row-0', 1);
    view.changed();
    await clock.advance(9_900);
    expect(types()).toEqual(['page']);
    await clock.advance(100);
    expect(types()).toEqual(['page', 'change']);
    view.rows[0] = row('row-0', 2);
    view.changed();
    request({ type: 'visibility', visible: true });
    await clock.advance(250);
    expect(types()).toEqual(['page', 'change', 'change']);
  });

  test('says only how many changes wait once the tab had its bytes, and catches up later', async () => {
    const text = 'x'.repeat(3_000);
    show();
    await clock.advance(0);
    for (let round = 0; round < 8; round++) {
      view.rows = view.rows.map(({ name }) => row(name, `${round}${text}`));
      view.changed();
      await clock.advance(250);
    }
    const bytes = socket.messages.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
    expect(bytes).toBeLessThan(256 * 1024 * 3.1);
    expect(types()).toContain('pending');
    await clock.advance(2_000);
    const last = socket.messages.at(-1) as LiveMessage & { type: 'page' };
    expect(last.page.rows.map(({ cells }) => (cells[0] as string)[0])).toEqual(Array(30).fill('7'));
  });

  test('is not sent into a connection that takes nothing', async () => {
    show();
    await clock.advance(0);
    socket.bufferedAmount = 1 << 20;
    view.rows[0] = row('row-0', 1);
    view.changed();
    await clock.advance(250);
    expect(types()).toEqual(['page', 'pending']);
    socket.bufferedAmount = 0;
    await clock.advance(1_000);
    expect(types()).toEqual(['page', 'pending', 'change']);
  });

  test('says within a second that its cluster stalls, at once where that is noticed, and that it is back', async () => {
    show();
    await clock.advance(0);
    view.freshnessNow = { state: 'stale', since: '2026-01-01T00:00:00Z', why: 'no answer' };
    await clock.advance(1_000);
    expect(socket.messages[1]).toEqual({ type: 'freshness', id: 'v', freshness: view.freshnessNow });
    view.freshnessNow = { state: 'live' };
    view.pulseChanged.forEach((told) => told());
    await clock.advance(0);
    expect(socket.messages[2]).toEqual({ type: 'freshness', id: 'v', freshness: { state: 'live' } });
  });

  test('ends when the right to it does: when a binding changed, or within a minute', async () => {
    show();
    await clock.advance(0);
    view.refusal = new ApiError('Forbidden', 'not any more');
    await clock.advance(59_000);
    expect(types()).toEqual(['page']);
    view.rbacChanged.forEach((told) => told());
    await clock.advance(250);
    expect(socket.messages[1]).toMatchObject({ type: 'error', id: 'v', status: { code: 403 } });
    view.changed();
    await clock.advance(120_000);
    expect(socket.messages).toHaveLength(2);
  });

  test('asks for rights again each minute by itself', async () => {
    show();
    await clock.advance(0);
    view.refusal = new ApiError('Forbidden', 'not any more');
    await clock.advance(62_000);
    expect(types()).toEqual(['page', 'error']);
  });

  test('is opened anew where its cluster is reached another way', async () => {
    show();
    await clock.advance(0);
    view.rows[0] = row('row-0', 'elsewhere');
    view.closed.slice().forEach((told) => told());
    await clock.advance(0);
    expect(socket.messages[1]).toEqual({ type: 'change', id: 'v', rows: [row('row-0', 'elsewhere')] });
    expect([view.rbacChanged.length, view.pulseChanged.length, view.closed.length]).toEqual([1, 1, 1]);
  });

  test('is quiet once it is hidden', async () => {
    show();
    await clock.advance(0);
    request({ type: 'hide', id: 'v' });
    view.rows = [];
    view.changed();
    await clock.advance(60_000);
    expect(types()).toEqual(['page']);
  });

  test('is replaced by another under its id', async () => {
    show();
    await clock.advance(0);
    show();
    await clock.advance(0);
    view.rows[0] = row('row-0', 1);
    view.changed();
    await clock.advance(250);
    expect(types()).toEqual(['page', 'page', 'change']);
  });
});

describe('a tab', () => {
  test('may show sixteen views', async () => {
    for (let index = 0; index < 17; index++)
      request({ type: 'show', id: `v${index}`, cluster: 'a', resource: 'pods', query: {} });
    await clock.advance(0);
    expect(types().filter((type) => type === 'page')).toHaveLength(16);
    expect(socket.messages[0]).toMatchObject({ type: 'error', id: 'v16', status: { code: 429 } });
  });

  test.each([
    ['{', 1007],
    ['{"type":"show","id":"v"}', 1007],
    ['{"type":"show","id":"v","cluster":"a","resource":"pods","query":{"limit":-1}}', 1007],
    ['{"type":"delete","id":"v"}', 1007],
  ])('that sends %s is closed', (text, code) => {
    session.receive(text);
    expect(socket.closed).toBe(code);
  });

  test('that asks too often is closed', () => {
    for (let index = 0; index < 51; index++) request({ type: 'hide', id: 'v' });
    expect(socket.closed).toBe(1008);
  });

  test('leaves nothing behind', async () => {
    show();
    await clock.advance(0);
    view.changed();
    session.close();
    expect(clock.pendingTimers).toBe(0);
    expect([view.rbacChanged.length, view.pulseChanged.length, view.closed.length]).toEqual([0, 0, 0]);
  });
});
