import { setImmediate as otherWorkFirst } from 'node:timers/promises';
import { MOST_KEPT_CHARACTERS, programOf } from '../../policy/cel/evaluate.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';

const MOST_MILLISECONDS_AT_ONCE = 10;

/** Lets other requests have their turn, whenever this one has worked for some milliseconds. */
export class Turns {
  #since = performance.now();

  async give(): Promise<void> {
    if (performance.now() - this.#since < MOST_MILLISECONDS_AT_ONCE) return;
    await otherWorkFirst();
    this.#since = performance.now();
  }
}

/** Does something with each, one after the other, with room for other requests between them. */
export async function inTurns<In, Out>(each: readonly In[], work: (one: In) => Out): Promise<Out[]> {
  const turns = new Turns();
  const done: Out[] = [];
  for (const one of each) {
    done.push(work(one));
    await turns.give();
  }
  return done;
}

/** Compiles the conditions of a request before they are looked at together: they are kept, and found at once then. */
export async function compileConditions(
  rules: readonly { readonly when?: string | undefined }[],
  field: string,
): Promise<void> {
  const conditions = rules.flatMap(({ when }) => when ?? []);
  const characters = conditions.reduce((sum, when) => sum + when.length, 0);
  if (characters > MOST_KEPT_CHARACTERS) {
    const message = `have conditions of ${characters} characters together; ${MOST_KEPT_CHARACTERS} are allowed in one request`;
    throw unprocessableRequest('', [{ path: [field], message }]);
  }
  await inTurns(conditions, programOf);
}
