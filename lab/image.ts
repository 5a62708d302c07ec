import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type TarEntry, tarArchive } from './tar.ts';

/** The image every sandbox of the real node is held open by. */
export const pauseImage = 'runtimeai.dev/pause:1';

/** The sample agent's repository; the tag decides what becomes of it. */
const sampleAgentRepository = 'runtimeai.dev/sample-agent';

/** The sample agent that stays healthy, for whoever names no image. */
export const sampleAgentImage = `${sampleAgentRepository}:1.0.0`;

/** One tag for each fate. */
export const sampleAgentTags = [
  '1.0.0',
  '1.1.0',
  '1.2.0-never-ready',
  '1.3.0-crashes-after-3s',
  '1.4.0-slow-start-5s',
] as const;

/** What one image starts, under which name. */
export interface Image {
  reference: string;
  entrypoint: string[];
  environment: string[];
}

/** The sample agent in every fate, and the pause image; all of them are the same program. */
export function labImages(): Image[] {
  const agents = sampleAgentTags.map(tag => ({
    reference: `${sampleAgentRepository}:${tag}`,
    entrypoint: ['/agent'],
    environment: [`AGENT_TAG=${tag}`],
  }));
  return [...agents, { reference: pauseImage, entrypoint: ['/agent', 'pause'], environment: [] }];
}

/** Packs images around one static program as a docker archive, without Docker. */
export function packImages({
  program,
  images,
  into,
}: {
  program: string;
  images: Image[];
  into: string;
}): void {
  const unfinished = `${into}.new`;
  writeFileSync(unfinished, dockerArchive(readFileSync(program), images));
  renameSync(unfinished, into);
}

// https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
export function dockerArchive(program: Buffer, images: Image[]): Buffer {
  const layer = tarArchive([{ name: 'agent', content: program, executable: true }]);
  const layerName = `${sha256(layer)}/layer.tar`;
  const configs = images.map(image => Buffer.from(JSON.stringify(imageConfig(image, sha256(layer)))));
  const manifest = images.map((image, index) => ({
    Config: `${sha256(configs[index] ?? Buffer.alloc(0))}.json`,
    RepoTags: [image.reference],
    Layers: [layerName],
  }));
  const entries: TarEntry[] = configs.map(content => ({ name: `${sha256(content)}.json`, content }));
  entries.push({ name: layerName, content: layer });
  entries.push({ name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) });
  return tarArchive(entries);
}

function imageConfig({ entrypoint, environment }: Image, layerDigest: string) {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: {
      User: '10001',
      Entrypoint: entrypoint,
      Env: environment,
      WorkingDir: '/',
      ExposedPorts: { '8080/tcp': {} },
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'runtimeai lab' }],
  };
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
