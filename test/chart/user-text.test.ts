import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentRuntimeValues } from '../../domain/chart-values.ts';
import { agentContainer, example, type Manifest, only, rendered } from './chart.ts';

const HOSTILE = [
  'plain',
  '',
  ' leading and trailing ',
  '"double" and \'single\'',
  'line\nbreak\r\nand\ttab',
  '{{ .Values.governance }} {{- fail "gotcha" -}}',
  '{{ `backquote` }} {{/* comment */}}',
  'key: value # comment',
  '- item',
  '*alias &anchor !!tag %directive @at',
  '| block\n  text',
  '> folded\n---\nkind: Secret\n',
  'yes',
  'null',
  '~',
  '0123',
  '1e3',
  '0x10',
  '2026-01-01',
  '\u2028\u2029\u00a0\ufeff\u200b',
  'emoji 🚀 and 漢字',
  'C:\\path\\new',
  '$HOME $(AGENT_ID) $$(AGENT_ID) $$$ $',
];

describe('text of a user', () => {
  it('reaches the container as written', () => {
    expect(textsInContainer(HOSTILE)).toStrictEqual(HOSTILE);
  });

  it('reaches the container as written, whatever it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 }).filter(isAccepted);
    const tricky = fc.array(fc.constantFrom('{{', '}}', '"', "'", '\n', '\\', '$', '(', ')', ': ', '#', '-'));
    const texts = fc.array(
      fc.oneof(
        text,
        tricky.map(parts => parts.join('')),
      ),
      { minLength: 40, maxLength: 100 },
    );
    fc.assert(
      fc.property(texts, drawn => {
        expect(textsInContainer(drawn)).toStrictEqual(drawn);
      }),
      { numRuns: 15 },
    );
  });

  it('adds no object and changes none beside the variable it is in', () => {
    const values = example('minimal');
    const plain = rendered({ ...values, env: [{ name: 'TEXT', value: 'x' }] });
    const hostile = rendered({ ...values, env: [{ name: 'TEXT', value: HOSTILE.join('\n') }] });
    const withoutEnv = (manifest: Manifest) =>
      JSON.stringify(manifest, (key, value) => (key === 'env' ? undefined : value));
    expect(hostile.manifests.map(withoutEnv)).toStrictEqual(plain.manifests.map(withoutEnv));
  });

  it('stays text in annotations, labels and selectors', () => {
    const answer = rendered({
      ...example('minimal'),
      serviceAccount: {
        annotations: { 'example.com/note': HOSTILE.join('\n') },
        labels: { 'example.com/on': 'yes' },
      },
      scheduling: {
        nodeSelector: { 'example.com/generation': '0123' },
        tolerations: [{ key: 'a', value: 'true' }],
      },
    });
    expect(only(answer, 'ServiceAccount').metadata.annotations['example.com/note']).toBe(HOSTILE.join('\n'));
    expect(only(answer, 'ServiceAccount').metadata.labels['example.com/on']).toBe('yes');
    const pod = only(answer, 'Deployment').spec.template.spec;
    expect(pod.nodeSelector).toStrictEqual({ 'example.com/generation': '0123' });
    expect(pod.tolerations).toStrictEqual([{ key: 'a', value: 'true' }]);
  });
});

function isAccepted(value: string): boolean {
  return AgentRuntimeValues.safeParse({ ...example('minimal'), env: [{ name: 'TEXT', value }] }).success;
}

function textsInContainer(texts: string[]): string[] {
  const env = texts.map((value, index) => ({ name: `TEXT_${index}`, value }));
  const variables = agentContainer(rendered({ ...example('minimal'), env })).env;
  return variables
    .filter(variable => variable.name.startsWith('TEXT_'))
    .map(variable => expanded(variable.value));
}

/**
 * What the kubelet makes of a variable's value that refers to nothing it knows (k8s.io/kubernetes
 * third_party/forked/golang/expansion): `$$` is `$`, and `$(NAME)` is looked up, which would lose the text.
 */
function expanded(value: string): string {
  return value.replaceAll(/\$\$|\$\(([^)]*)\)/g, (read, name) =>
    read === '$$' ? '$' : `<value of ${name}>`,
  );
}
