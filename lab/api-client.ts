/** One answer of the API that is not a success. */
class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Calls RuntimeAI's public HTTP API with one key; knows nothing that is not in its documentation. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(90_000),
    });
    const answer = (await response.json()) as T & {
      code?: string;
      detail?: string;
      errors?: { pointer: string; message: string }[];
    };
    if (response.ok) return answer;
    const places = (answer.errors ?? []).map(each => `${each.pointer}: ${each.message}`).join('; ');
    const message =
      `${method} /v1${path} answered ${response.status} ${answer.code ?? ''}: ${answer.detail ?? ''} ${places}`.trim();
    throw new ApiError(response.status, answer.code ?? 'unknown', message);
  }
}
