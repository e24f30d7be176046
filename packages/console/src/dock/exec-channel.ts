/** Frames of `v5.channel.k8s.io`: a byte that says the channel, then what goes over it. */
export const execProtocols: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export type ExecFrame =
  | { readonly type: 'output'; readonly bytes: Uint8Array }
  /** The command is over, or never began: a Status. */
  | { readonly type: 'status'; readonly message: string; readonly isSuccess: boolean };

export function inputFrame(text: string): Uint8Array<ArrayBuffer> {
  return framed(channels.stdin, new TextEncoder().encode(text));
}

export function resizeFrame({ cols, rows }: { cols: number; rows: number }): Uint8Array<ArrayBuffer> {
  return framed(channels.resize, new TextEncoder().encode(JSON.stringify({ Width: cols, Height: rows })));
}

function framed(channel: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(bytes.length + 1);
  frame[0] = channel;
  frame.set(bytes, 1);
  return frame;
}

export function readFrame(data: ArrayBuffer): ExecFrame | undefined {
  const bytes = new Uint8Array(data);
  const rest = bytes.subarray(1);
  if (bytes[0] === channels.stdout || bytes[0] === channels.stderr) return { type: 'output', bytes: rest };
  if (bytes[0] !== channels.error) return undefined;
  const text = new TextDecoder().decode(rest);
  try {
    const status = JSON.parse(text) as { status?: string; message?: string };
    return { type: 'status', message: status.message ?? '', isSuccess: status.status === 'Success' };
  } catch {
    return { type: 'status', message: text, isSuccess: false };
  }
}
