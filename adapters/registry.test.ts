import { describe, expect, it } from 'vitest';
import { fakeAdapter } from '../test/fakes/adapter.ts';
import { AdapterFailure } from './failure.ts';
import { createAdapterRegistry } from './registry.ts';

const first = fakeAdapter({ name: 'sandbox', type: 'sandbox' });
const second = fakeAdapter({ name: 'other', type: 'sandbox' });

describe('the registry of adapters', () => {
  it('finds an adapter by its name', () => {
    expect(createAdapterRegistry([first, second]).byName('other')).toBe(second);
  });

  it('takes for a type the first that was registered for it', () => {
    expect(createAdapterRegistry([first, second]).ofType('sandbox')).toBe(first);
  });

  it('refuses two adapters of one name', () => {
    const twin = fakeAdapter({ name: 'sandbox', type: 'vm' });
    expect(() => createAdapterRegistry([first, twin])).toThrow(
      'Two adapters are named sandbox, for sandbox and vm',
    );
  });

  it('names the adapters there are when one is asked for that is not', () => {
    const registry = createAdapterRegistry([first, second]);
    expect(failureOf(() => registry.byName('vm'))).toMatchObject({
      code: 'kind_unavailable',
      message: 'No adapter is named vm. There are: sandbox (sandbox), other (sandbox).',
      nextStep: expect.stringContaining('spec.backend'),
    });
    expect(failureOf(() => registry.ofType('vm')).message).toContain('type vm');
    expect(failureOf(() => createAdapterRegistry([]).byName('vm')).message).toContain('none');
  });
});

function failureOf(call: () => unknown): AdapterFailure {
  try {
    call();
  } catch (error) {
    if (error instanceof AdapterFailure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
