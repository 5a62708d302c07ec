import { describe, expect, it } from 'vitest';
import { ComplianceRules } from '../compliance.ts';
import { type PlacementSettings, placementOf, refusePlacement, wishOf } from './placement.ts';

const compliance = ComplianceRules.parse({
  pci: { nodeSelector: { zone: 'pci' }, labels: { 'example.com/pci': 'yes' } },
  gdpr: { nodeSelector: { region: 'eu' }, tolerations: [{ key: 'eu', operator: 'Exists' }] },
  us: { nodeSelector: { region: 'us' } },
  lax: { labels: { 'example.com/pci': 'no' } },
});
const settings: PlacementSettings = {
  compliance,
  strongRuntimeClass: 'gvisor',
  scheduling: { nodeSelector: { pool: 'agents' }, tolerations: [] },
};
const refusalOf = (wish: object, given: PlacementSettings = settings) =>
  refusePlacement({ exposure: 'private', ...wish }, given);

describe('where a runtime runs', () => {
  it('is where the installation says, with all that its words add', () => {
    expect(placementOf({ compliance: ['pci', 'gdpr'], isolation: 'strong', gpu: '2xA10' }, settings)).toEqual(
      {
        scheduling: {
          nodeSelector: { pool: 'agents', zone: 'pci', region: 'eu' },
          tolerations: [{ key: 'eu', operator: 'Exists' }],
        },
        podLabels: { 'example.com/pci': 'yes' },
        runtimeClassName: 'gvisor',
        gpu: { count: 2, model: 'A10' },
      },
    );
  });

  it('is anywhere, in the node’s own way, when nothing is said', () => {
    expect(placementOf({}, {})).toEqual({
      scheduling: { nodeSelector: {}, tolerations: [] },
      podLabels: {},
      runtimeClassName: null,
      gpu: null,
    });
  });
});

describe('what a spec asks of its place', () => {
  it('is what its profiles say, and the isolation of its kind where they do not', () => {
    expect(wishOf({}, { isolation: 'strong' })).toEqual({ isolation: 'strong' });
    const spec = {
      security: { isolation: 'basic' as const, audit: true, compliance: ['pci'] },
      networking: { exposure: 'internal' as const, egress_policy: 'open' as const },
      resources: { gpu: '1xA10' },
    };
    expect(wishOf(spec, { isolation: 'strong' })).toEqual({
      compliance: ['pci'],
      isolation: 'basic',
      exposure: 'internal',
      gpu: '1xA10',
    });
  });

  it('is the same in whatever order its words stand', () => {
    const [one, other] = [
      ['pci', 'gdpr'],
      ['gdpr', 'pci'],
    ].map(compliance => JSON.stringify(placementOf({ compliance }, settings)));
    expect(one).toBe(other);
  });
});

describe('what an installation cannot do', () => {
  it.each([
    [{ exposure: 'public' }, settings, 'exposure_unavailable', 'Ingress'],
    [{ isolation: 'strong' }, {}, 'isolation_unavailable', 'RUNTIMEAI_STRONG_RUNTIME_CLASS'],
    [{ compliance: ['pci', 'sox'] }, settings, 'compliance_unavailable', 'RUNTIMEAI_COMPLIANCE'],
    [{ compliance: ['toString'] }, settings, 'compliance_unavailable', 'RUNTIMEAI_COMPLIANCE'],
    [{ compliance: ['gdpr', 'us'] }, settings, 'compliance_unavailable', 'RUNTIMEAI_COMPLIANCE'],
    [{ compliance: ['pci', 'lax'] }, settings, 'compliance_unavailable', 'RUNTIMEAI_COMPLIANCE'],
  ])('is refused with what to do about it: %j', (wish, given, code, next) => {
    expect(refusalOf(wish, given)).toMatchObject({ code, nextStep: expect.stringContaining(next) });
  });

  it('names the words it knows', () => {
    expect(refusalOf({ compliance: ['sox'] })?.message).toContain('sox; known: pci, gdpr, us, lax');
  });

  it('is told with the label that is asked for twice', () => {
    expect(refusalOf({ compliance: ['gdpr', 'us'] })?.message).toContain('node label region');
    expect(refusalOf({ compliance: ['pci', 'lax'] })?.message).toContain('pod label example.com/pci');
  });

  it('is nothing of what it has', () => {
    expect(refusalOf({ compliance: ['pci'], isolation: 'strong' })).toBeUndefined();
    expect(refusalOf({ isolation: 'basic' }, {})).toBeUndefined();
  });
});
