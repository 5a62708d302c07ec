import { isDeepStrictEqual } from 'node:util';
import { structuredPatch } from 'diff';
import { stringify } from 'yaml';
import { OPERATION_ANNOTATION } from '../../domain/rules/labels.ts';
import { fieldsOf, type KubernetesObject } from './objects.ts';

/** Unified diff of two states of one object as YAML, without what the API server keeps for itself; empty when equal. */
export function diffText(before: KubernetesObject, after: KubernetesObject): string {
  if (isDeepStrictEqual(essence(before), essence(after))) return '';
  const [old, next] = maskSecrets(essence(before), essence(after));
  const patch = structuredPatch('', '', toYaml(old), toYaml(next), undefined, undefined, { context: 3 });
  const lines = patch.hunks.flatMap(hunk => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines,
  ]);
  return shorten(lines);
}

/** All lines of an object that comes or goes. */
export function wholeObject(sign: '+' | '-', object: KubernetesObject): string {
  const [masked] = maskSecrets(essence(object), {});
  const lines = toYaml(masked).trimEnd().split('\n');
  return shorten(lines.map(line => `${sign}${line}`));
}

type Fields = Readonly<Record<string, unknown>>;

const MOST_LINES = 400;
const BOOKKEEPING = [
  'managedFields',
  'resourceVersion',
  'uid',
  'generation',
  'creationTimestamp',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];
/** Written by controllers or different for every operation: no change anybody asked for. */
const BOOKKEEPING_ANNOTATIONS = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  OPERATION_ANNOTATION,
];

function essence(object: KubernetesObject): Fields {
  const { status: _status, metadata, ...rest } = object;
  const { annotations, ...others } = without(metadata, BOOKKEEPING);
  const wanted = without(fieldsOf(annotations), BOOKKEEPING_ANNOTATIONS);
  const { apiVersion, kind, ...body } = rest;
  const shown = Object.keys(wanted).length === 0 ? others : { ...others, annotations: wanted };
  return { apiVersion, kind, metadata: shown, ...body };
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Shows that a value of a Secret changes, never what it is. */
function maskSecrets(before: Fields, after: Fields): [Fields, Fields] {
  if (before['kind'] !== 'Secret' && after['kind'] !== 'Secret') return [before, after];
  const masked = (one: Fields, other: Fields, word: string) => ({
    ...one,
    ...Object.fromEntries(
      ['data', 'stringData']
        .filter(field => field in one)
        .map(field => [field, maskValues(fieldsOf(one[field]), fieldsOf(other[field]), word)]),
    ),
  });
  return [masked(before, after, 'before'), masked(after, before, 'after')];
}

function maskValues(values: Fields, others: Fields, word: string): Fields {
  const masked = Object.entries(values).map(([name, value]) => [
    name,
    name in others && others[name] !== value ? `(hidden, ${word})` : '(hidden)',
  ]);
  return Object.fromEntries(masked);
}

function toYaml(fields: Fields): string {
  return stringify(fields, { lineWidth: 0, aliasDuplicateObjects: false });
}

function shorten(lines: readonly string[]): string {
  if (lines.length <= MOST_LINES) return lines.join('\n');
  const more = lines.length - MOST_LINES;
  return [...lines.slice(0, MOST_LINES), `… ${more} more lines`].join('\n');
}
