import type { PipeTransform } from '@nestjs/common';
import { notFound } from '../http/problem.ts';

/** Answers 404 for what cannot be the id of a key, as for one that is not there. */
export class KeyIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!/^[0-9a-f]{16}$/.test(value)) throw notFound('key', value.slice(0, 64));
    return value;
  }
}
