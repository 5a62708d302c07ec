import { connect } from 'node:net';

/** Whether something accepts connections on this loopback port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket.end() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

/** Whether a GET of this address is answered with a success; nothing listening counts as no. */
export async function answersOk(url: string): Promise<boolean> {
  const { port } = new URL(url);
  if (!(await accepts(Number(port)))) return false;
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
  await response.arrayBuffer();
  return response.ok;
}
