import { parseArgs } from 'node:util';

const USAGE = `npm run bench -- [options]
  --runs N     installs and upgrades of each side, one at a time (9)
  --rounds N   rounds of installs at once (5)
  --deploys N  installs per round (40)
  --starts N   operation starts (100)
  --costs N    deploys whose costs are counted (5)
  --reads N    rounds of reading beside bare Fastify (7)
  --seconds N  of asking for the status, and of following events (20)
  --pods N     whose observer's memory is measured (10000)
  --checks N   questions to the policies (10000)
  --only A,B   of latency, rate, start, costs, reads, status, events, memory, policies,
               authentication, audit
  --minutes N  give up after so long (45)
  --write      put the result into docs/performance.md`;

const SUBJECTS = [
  'latency',
  'rate',
  'start',
  'costs',
  'reads',
  'status',
  'events',
  'memory',
  'policies',
  'authentication',
  'audit',
] as const;
/** What can be measured. */
export type Subject = (typeof SUBJECTS)[number];

/** What one run measures, and how often. */
export interface Plan {
  readonly runs: number;
  readonly rounds: number;
  readonly deploys: number;
  readonly starts: number;
  readonly costs: number;
  readonly reads: number;
  readonly seconds: number;
  readonly pods: number;
  readonly checks: number;
  readonly subjects: ReadonlySet<Subject>;
  readonly minutes: number;
  readonly write: boolean;
}

const MOST = 10_000;

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
      reads: { ...number, default: '7' },
      seconds: { ...number, default: '20' },
      pods: { ...number, default: '10000' },
      checks: { ...number, default: '10000' },
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
  const { runs, rounds, deploys, starts, costs, reads, seconds, pods, checks, minutes } = values;
  return {
    runs: count('runs', runs),
    rounds: count('rounds', rounds),
    deploys: count('deploys', deploys),
    starts: count('starts', starts),
    costs: count('costs', costs),
    reads: count('reads', reads),
    seconds: count('seconds', seconds),
    pods: count('pods', pods),
    checks: count('checks', checks),
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
