import type { ErrorCode } from '../domain/rules/error-code.ts';

/** What an adapter refuses or cannot do: code, words, and what to do next. Not repeated unless it says so. */
export class AdapterFailure extends Error {
  readonly code: ErrorCode;
  readonly nextStep: string;
  readonly retryable: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    { nextStep, retryable = false }: { readonly nextStep: string; readonly retryable?: boolean },
  ) {
    super(message);
    this.name = 'AdapterFailure';
    this.code = code;
    this.nextStep = nextStep;
    this.retryable = retryable;
  }
}
