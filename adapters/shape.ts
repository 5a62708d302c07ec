import { Capability, Runtime, RuntimeType } from '../domain/runtime.ts';
import type { RuntimeAdapter } from './adapter.ts';

/** What is wrong with something that was offered as an adapter; empty when it is one. */
export function faultsOf(offered: unknown): readonly string[] {
  if (typeof offered !== 'object' || offered === null) return [`it is ${wordFor(offered)}, not an adapter`];
  const adapter = offered as Readonly<Record<string, unknown>>;
  return [...identityFaults(adapter), ...methodFaults(adapter), ...healthFaults(adapter['health'])];
}

/** Whether it may be taken for an adapter. */
export function isAdapter(offered: unknown): offered is RuntimeAdapter {
  return faultsOf(offered).length === 0;
}

type Fields = Readonly<Record<string, unknown>>;

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
const POD_SECURITY = ['restricted', 'baseline', 'privileged'];
const ALWAYS = ['prerequisites', 'plan', 'apply', 'observe', 'delete'];
/** Verbs that are methods of their own; the other capabilities need none. */
const VERBS = ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore', 'migrate'];

function identityFaults({ name, type, backend, podSecurity }: Fields): string[] {
  const fits = NAME.test(typeof name === 'string' ? name : '');
  return [
    ...(fits ? [] : [`name must be lower-case letters, digits and hyphens, not ${wordFor(name)}`]),
    ...notOneOf('type', type, RuntimeType.options),
    ...notOneOf('backend', backend, Runtime.shape.backend.shape.kind.options),
    ...notOneOf('podSecurity', podSecurity, POD_SECURITY),
  ];
}

function methodFaults(adapter: Fields): string[] {
  const isList = Array.isArray(adapter['capabilities']);
  const capabilities: readonly unknown[] = isList ? (adapter['capabilities'] as unknown[]) : [];
  const words: readonly string[] = Capability.options;
  const unknown = capabilities.filter(each => !words.includes(each as string)).map(wordFor);
  const isMethod = (method: string) => typeof adapter[method] === 'function';
  const needed = [...ALWAYS, ...VERBS.filter(verb => capabilities.includes(verb))];
  const unlisted = VERBS.filter(verb => isList && isMethod(verb) && !capabilities.includes(verb));
  const halves = capabilities.includes('start') === capabilities.includes('stop');
  return [
    ...(isList ? [] : ['capabilities must be a list']),
    ...unknown.map(word => `capabilities holds ${word}, which is none of ${words.join(', ')}`),
    ...needed.filter(method => !isMethod(method)).map(method => `the method ${method} is missing`),
    ...unlisted.map(verb => `it has the method ${verb}, but its capabilities do not list ${verb}`),
    ...(halves ? [] : ['start and stop must come together']),
    ...(adapter['undo'] === undefined || isMethod('undo') ? [] : ['undo must be a method or be left out']),
  ];
}

function healthFaults(offered: unknown): string[] {
  if (typeof offered !== 'object' || offered === null) return ['health is missing'];
  const health = offered as Fields;
  const kinds: readonly unknown[] = Array.isArray(health['kinds']) ? health['kinds'] : [undefined];
  return [
    ...(kinds.every(isKind) ? [] : ['health.kinds must be a list of {apiVersion, kind}']),
    ...['keep', 'judge']
      .filter(method => typeof health[method] !== 'function')
      .map(method => `the method health.${method} is missing`),
  ];
}

function isKind(offered: unknown): boolean {
  if (typeof offered !== 'object' || offered === null) return false;
  const { apiVersion, kind } = offered as Fields;
  return typeof apiVersion === 'string' && typeof kind === 'string';
}

function notOneOf(field: string, value: unknown, words: readonly string[]): string[] {
  if (typeof value === 'string' && words.includes(value)) return [];
  return [`${field} must be one of ${words.join(', ')}, not ${wordFor(value)}`];
}

function wordFor(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 60)}"`;
  return value === undefined || value === null ? 'missing' : `a ${typeof value}`;
}
