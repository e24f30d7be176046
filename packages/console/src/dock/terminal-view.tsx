/**
 * A terminal in a container. The library is loaded with the first one; what was written stays when the connection breaks, and
 * Enter opens a new one. Links, titles and the clipboard are out of the container's reach.
 */
import { paths } from '@skerry/center/contract';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal, type ITheme } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { Button, Input } from 'antd';
import { useEffect, useRef, useState } from 'react';
import type { DockTab } from '#app/dock-state.ts';
import { statusOf } from '#api/status-error.ts';
import { useTheme } from '#app/theme.ts';
import { translate, useT } from '#i18n/index.ts';
import { formatInstant } from '#ui/time.ts';
import { plainText } from './ansi.ts';
import { execProtocols, inputFrame, readFrame, resizeFrame } from './exec-channel.ts';
import { openSocket } from './open-socket.ts';
import styles from './terminal-view.module.css';

type TerminalTab = Extract<DockTab, { kind: 'terminal' }>;

const scrollback = 5000;
const inputLengthMax = 64 << 10;

export function TerminalView({ tab, isShown }: { readonly tab: TerminalTab; readonly isShown: boolean }) {
  const t = useT();
  const theme = useTheme();
  const host = useRef<HTMLDivElement>(null);
  const shell = useRef<Shell | undefined>(undefined);
  const [wanted, setWanted] = useState('');
  const tabKey = JSON.stringify(tab);
  useEffect(() => {
    if (!host.current) return undefined;
    const opened = new Shell(JSON.parse(tabKey) as TerminalTab, host.current);
    shell.current = opened;
    return () => opened.close();
  }, [tabKey]);
  useEffect(() => {
    shell.current?.setTheme();
  }, [theme]);
  useEffect(() => {
    if (isShown) shell.current?.show();
  }, [isShown]);
  return (
    <div className={styles['view']}>
      <div className={styles['bar']} role="toolbar" aria-label={t('terminal.tools')}>
        <Input
          size="small"
          type="search"
          aria-label={t('terminal.search')}
          placeholder={t('terminal.search')}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing || event.key !== 'Enter') return;
            shell.current?.find(wanted, event.shiftKey);
          }}
        />
        <Button size="small" onClick={() => shell.current?.reconnect()}>
          {t('terminal.reconnect')}
        </Button>
        <span className="muted">{t('terminal.keys')}</span>
      </div>
      <div
        ref={host}
        className={styles['host']}
        role="group"
        aria-label={t('terminal.of', { name: tab.title })}
        data-testid="terminal"
      />
    </div>
  );
}

class Shell {
  readonly #tab: TerminalTab;
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #observer: ResizeObserver;
  #socket: WebSocket | undefined;
  #state: 'opening' | 'open' | 'broken' = 'opening';
  #isClosed = false;

  constructor(tab: TerminalTab, host: HTMLElement) {
    this.#tab = tab;
    this.#terminal = new Terminal({
      fontFamily: getComputedStyle(host).getPropertyValue('--mono'),
      fontSize: 13,
      cursorBlink: false,
      scrollback,
      screenReaderMode: true,
      theme: themeOf(host),
      // The link's text is the container's, and so may be where it leads.
      linkHandler: { activate: () => undefined },
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.open(host);
    this.#terminal.onData((text) => this.#type(text));
    this.#terminal.onResize((size) => this.#send(resizeFrame(size)));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    this.#observer = new ResizeObserver(() => this.#refit());
    this.#observer.observe(host);
    this.#refit();
    void this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#observer.disconnect();
    this.#socket?.close();
    this.#terminal.dispose();
  }

  show(): void {
    this.#refit();
    this.#terminal.focus();
  }

  setTheme(): void {
    const { element } = this.#terminal;
    if (element) this.#terminal.options.theme = themeOf(element);
  }

  find(text: string, isBackwards: boolean): void {
    if (isBackwards) this.#search.findPrevious(text);
    else this.#search.findNext(text);
  }

  reconnect(): void {
    this.#socket?.close();
    this.#socket = undefined;
    void this.#open();
  }

  #refit(): void {
    // Nothing to fit into while another tab is shown.
    if (this.#terminal.element?.offsetParent) this.#fit.fit();
  }

  async #open(): Promise<void> {
    this.#state = 'opening';
    const { cluster, namespace, pod, container } = this.#tab;
    const query = new URLSearchParams({ namespace, pod, ...(container ? { container } : {}) });
    try {
      const socket = await openSocket({
        purpose: 'exec',
        path: paths.exec(cluster),
        query,
        protocols: execProtocols,
        needsProof: true,
      });
      if (!socket) return this.#break(translate('terminal.noProof'));
      if (this.#isClosed) return socket.close();
      this.#listen(socket);
    } catch (error) {
      this.#break(statusOf(error).message ?? '');
    }
  }

  #listen(socket: WebSocket): void {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let said = '';
    socket.addEventListener('open', () => {
      this.#state = 'open';
      const { cols, rows } = this.#terminal;
      this.#send(resizeFrame({ cols, rows }));
    });
    socket.addEventListener('message', ({ data }) => {
      const frame = data instanceof ArrayBuffer ? readFrame(data) : undefined;
      if (frame?.type === 'output') this.#terminal.write(frame.bytes);
      else if (frame) said = frame.isSuccess ? translate('terminal.ended') : frame.message;
    });
    socket.addEventListener('close', ({ reason, code }) => {
      if (socket === this.#socket && !this.#isClosed)
        this.#break(said || reason || (code === 1000 ? translate('terminal.ended') : String(code)));
    });
  }

  #break(why: string): void {
    this.#state = 'broken';
    this.#socket = undefined;
    if (this.#isClosed) return;
    const when = formatInstant(new Date().toISOString());
    // What the server said must not move the cursor either.
    const words = translate('terminal.broken', { why: plainText(why), when });
    this.#terminal.write(`\r\n\u001b[0;7m ${words} \u001b[0m\r\n`);
  }

  #type(text: string): void {
    if (this.#state === 'broken') {
      if (text.includes('\r')) this.reconnect();
      return;
    }
    for (let at = 0; at < text.length; at += inputLengthMax)
      this.#send(inputFrame(text.slice(at, at + inputLengthMax)));
  }

  #send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  /** Ctrl+Shift+C and V copy and paste, since Ctrl+C is the shell's. */
  #onKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey) return true;
    if (event.code === 'KeyC') {
      const selection = this.#terminal.getSelection();
      if (selection) void navigator.clipboard.writeText(selection);
      event.preventDefault();
      return false;
    }
    // The browser pastes; the terminal takes it.
    return event.code !== 'KeyV';
  }
}

function themeOf(element: HTMLElement): ITheme {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    background: color('--surface'),
    foreground: color('--text'),
    cursor: color('--primary'),
    cursorAccent: color('--surface'),
    selectionBackground: color('--primary-soft'),
    black: color('--text'),
    red: color('--error'),
    green: color('--ok'),
    yellow: color('--warning'),
    blue: color('--progressing'),
    magenta: color('--disconnected'),
    cyan: color('--primary'),
    white: color('--muted'),
    brightBlack: color('--muted'),
    brightRed: color('--error'),
    brightGreen: color('--ok'),
    brightYellow: color('--warning'),
    brightBlue: color('--progressing'),
    brightMagenta: color('--disconnected'),
    brightCyan: color('--primary'),
    brightWhite: color('--text'),
  };
}
