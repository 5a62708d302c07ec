import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dockerArchive, labImages, packImages, sampleAgentTags } from './image.ts';
import { tarArchive } from './tar.ts';

test('an archive is one that tar itself unpacks, byte for byte and with the right to execute', () => {
  const content = Buffer.from('x'.repeat(513));
  const { folder, list } = unpack(
    tarArchive([
      { name: 'bin/agent', content, executable: true },
      { name: 'empty', content: Buffer.alloc(0) },
    ]),
  );
  expect(list).toMatch(/-rwxr-xr-x.* bin\/agent\n-rw-r--r--.* empty/);
  expect(readFileSync(join(folder, 'bin/agent'))).toEqual(content);
});

test('a name that does not fit is refused instead of cut', () => {
  expect(() => tarArchive([{ name: 'n'.repeat(101), content: Buffer.alloc(0) }])).toThrow(
    /at most 100 bytes/,
  );
});

test('each tag is an image that knows its own fate, runs as no root and shares one layer', () => {
  const { folder } = unpack(dockerArchive(Buffer.from('program'), labImages()));
  const manifest: { Config: string; RepoTags: string[]; Layers: string[] }[] = JSON.parse(
    readFileSync(join(folder, 'manifest.json'), 'utf8'),
  );
  expect(new Set(manifest.flatMap(({ Layers }) => Layers)).size).toBe(1);
  for (const tag of sampleAgentTags) {
    const entry = manifest.find(({ RepoTags }) => RepoTags.includes(`runtimeai.dev/sample-agent:${tag}`));
    const { config } = JSON.parse(readFileSync(join(folder, entry?.Config ?? ''), 'utf8'));
    expect(config).toMatchObject({ User: '10001', Entrypoint: ['/agent'], Env: [`AGENT_TAG=${tag}`] });
  }
  expect(manifest.flatMap(({ RepoTags }) => RepoTags)).toContain('runtimeai.dev/pause:1');
});

test('packing twice gives the same bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-pack-'));
  const program = join(folder, 'agent');
  writeFileSync(program, 'program');
  const [first, second] = ['a.tar', 'b.tar'].map(name => join(folder, name));
  for (const into of [first ?? '', second ?? '']) packImages({ program, images: labImages(), into });
  expect(readFileSync(first ?? '')).toEqual(readFileSync(second ?? ''));
});

function unpack(archive: Buffer): { folder: string; list: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lab-tar-'));
  const file = join(folder, 'archive.tar');
  writeFileSync(file, archive);
  const list = execFileSync('tar', ['-tvf', file], { encoding: 'utf8' });
  execFileSync('tar', ['-xf', file, '-C', folder]);
  return { folder, list };
}
