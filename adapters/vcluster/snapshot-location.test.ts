import { describe, expect, it } from 'vitest';
import { runtimeTarget } from '../../test/builders/runtime-target.ts';
import { VCLUSTER_DEFAULTS } from './settings.ts';
import { locationOf, locationOfNew, snapshotPortOf } from './snapshot-location.ts';

const target = runtimeTarget('vcluster', 'edge');

describe('where a snapshot lies', () => {
  it.each([
    ['s3://b/p', { type: 's3', s3: { bucket: 'b', key: 'p/acme/rt_1/snp_1.tar.gz' } }],
    ['oci://reg.io/r', { type: 'oci', oci: { repository: 'reg.io/r/acme/rt_1:snp_1' } }],
    ['container:///data/s/', { type: 'container', container: { path: '/data/s/acme/rt_1/snp_1.tar.gz' } }],
    ['https://a.blob.core.windows.net/c', { type: 'azure' }],
  ])('is apart for each runtime under %s', (snapshotUrl, options) => {
    const location = locationOfNew(target, 'snp_1', { ...VCLUSTER_DEFAULTS, snapshotUrl });
    expect(location.options).toMatchObject(options);
  });

  it('is refused without a configured address', () => {
    expect(() => locationOfNew(target, 'snp_1', VCLUSTER_DEFAULTS)).toThrow(/nowhere to put/);
  });

  it.each([
    'ftp://x/y',
    's3://',
    's3:///key',
    'container://relative/x',
    's3://user:pass@b/k',
    's3://b/k?secret=1',
  ])('cannot be %s', url => {
    expect(() => locationOf(url)).toThrow(/cannot lie at/);
  });

  it('opens the port of a storage at an unusual one', () => {
    expect(snapshotPortOf({ ...VCLUSTER_DEFAULTS, snapshotUrl: 'oci://reg.io:5000/r' })).toBe(5000);
    expect(snapshotPortOf({ ...VCLUSTER_DEFAULTS, snapshotUrl: 's3://b/p' })).toBeUndefined();
  });
});
