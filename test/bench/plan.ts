import { parseArgs } from 'node:util';

const USAGE = `npm run bench -- [options]
  --runs N     installs and upgrades of each side, one at a time (9)
  --rounds N   rounds of installs at once (5)
  --deploys N  installs per round (40)
  --starts N   operation starts (100)
  --costs N    deploys whose costs are counted (5)
  --only A,B   of latency, rate, start, costs
  --minutes N  give up after so long (45)
  --write      put the result into docs/performance.md`;

const SUBJECTS = ['latency', 'rate', 'start', 'costs'] as const;
/** What can be measured. */
export type Subject = (typeof SUBJECTS)[number];

/** What one run measures, and how often. */
export interface Plan {
  readonly runs: number;
  readonly rounds: number;
  readonly deploys: number;
  readonly starts: number;
  readonly costs: number;
  readonly subjects: ReadonlySet<Subject>;
  readonly minutes: number;
  readonly write: boolean;
}

const MOST = 1000;

/** Reads the command line; the error shows how it is written. */
export function readPlan(): Plan {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      runs: { ...number, default: '9' },
      rounds: { ...number, default: '5' },
      deploys: { ...number, default: '40' },
      starts: { ...number, default: '100' },
      costs: { ...number, default: '5' },
      minutes: { ...number, default: '45' },
      only: { type: 'string', default: SUBJECTS.join(',') },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const { runs, rounds, deploys, starts, costs, minutes } = values;
  return {
    runs: count('runs', runs),
    rounds: count('rounds', rounds),
    deploys: count('deploys', deploys),
    starts: count('starts', starts),
    costs: count('costs', costs),
    minutes: count('minutes', minutes),
    subjects: new Set(values.only.split(',').map(subject)),
    write: values.write,
  };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= MOST) return number;
  throw new Error(`--${name} ${text} is not a whole number from 1 to ${MOST}.\n${USAGE}`);
}

function subject(text: string): Subject {
  const known = SUBJECTS.find(each => each === text);
  if (known) return known;
  throw new Error(`--only ${text}: there is ${SUBJECTS.join(', ')}.\n${USAGE}`);
}
