import { connect, type Socket } from 'node:net';

/** Called when an answer has come completely, with its status and body. */
export type OnAnswer = (connection: LoadConnection, status: number, body: string) => void;

const HEAD_END = '\r\n\r\n';
const LENGTH = '\r\ncontent-length: ';

/** One kept connection that sends one request after the other; it does no more than measuring needs, to leave the machine to the server. */
export class LoadConnection {
  /** When the request that is under way was due. */
  dueAt = 0;
  readonly #socket: Socket;
  readonly #onAnswer: OnAnswer;
  #received = '';

  constructor(port: number, { onAnswer, onEnd }: { onAnswer: OnAnswer; onEnd: (reason: string) => void }) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', error => onEnd(error.message));
    this.#socket.on('close', () => onEnd('the server closed the connection'));
  }

  send(request: string, dueAt: number): void {
    this.dueAt = dueAt;
    this.#socket.write(request, 'latin1');
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const head = this.#received.indexOf(HEAD_END);
    if (head < 0) return;
    const length = this.#received.indexOf(LENGTH);
    const bodyAt = head + HEAD_END.length;
    const bytes = Number.parseInt(this.#received.slice(length + LENGTH.length, head), 10);
    if (this.#received.length < bodyAt + bytes) return;
    const status = Number(this.#received.slice(9, 12));
    const body = this.#received.slice(bodyAt, bodyAt + bytes);
    this.#received = '';
    this.#onAnswer(this, status, body);
  }
}
