import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { notFound } from './problem.ts';

/** Answers 404 for a path parameter that cannot be the name of anything, as for one that is not there. */
export class NamePipe implements PipeTransform<string, string> {
  readonly #noun: string;
  readonly #schema: z.ZodType<string>;

  constructor(noun: string, schema: z.ZodType<string>) {
    this.#noun = noun;
    this.#schema = schema;
  }

  transform(value: string): string {
    if (!this.#schema.safeParse(value).success) throw notFound(this.#noun, value.slice(0, 64));
    return value;
  }
}
