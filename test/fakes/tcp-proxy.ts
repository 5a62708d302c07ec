import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between two programs and can break the line between them, loudly or silently. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection and every new one. */
  cut(): void;
  /** Keeps every connection open and lets nothing through any more: neither side can tell. */
  stall(): void;
  /** Lets everything through again, also what was kept back. */
  mend(): void;
  close(): Promise<void>;
}

type Line = 'whole' | 'cut' | 'stalled';

/** Passes everything through to a port on this machine until told otherwise. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const ends = new Set<Socket>();
  let line: Line = 'whole';
  const isStalled = () => line === 'stalled';
  const server = createServer(near => {
    if (line === 'cut') return void near.destroy();
    const far = connect(target);
    pass({ from: near, to: far, ends, isStalled });
    pass({ from: far, to: near, ends, isStalled });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const change = (to: Line, tell: (end: Socket) => void) => {
    line = to;
    for (const end of ends) tell(end);
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => change('cut', end => end.destroy()),
    stall: () => change('stalled', end => end.pause()),
    mend: () => change('whole', end => end.resume()),
    close: () => {
      change('cut', end => end.destroy());
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

interface Passage {
  readonly from: Socket;
  readonly to: Socket;
  readonly ends: Set<Socket>;
  readonly isStalled: () => boolean;
}

function pass({ from, to, ends, isStalled }: Passage): void {
  ends.add(from);
  from.on('data', chunk => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => {
    if (!isStalled()) from.resume();
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => {
    ends.delete(from);
    to.destroy();
  });
  if (isStalled()) from.pause();
}
