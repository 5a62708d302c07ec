/** One file of a tar archive. */
export interface TarEntry {
  name: string;
  content: Buffer;
  executable?: boolean;
}

/** A ustar archive whose bytes depend on nothing but its entries. */
export function tarArchive(entries: TarEntry[]): Buffer {
  const blocks = entries.flatMap(entry => [header(entry), entry.content, padding(entry.content.length)]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

// https://www.gnu.org/software/tar/manual/html_node/Standard.html
function header({ name, content, executable }: TarEntry): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`A tar entry's name has at most 100 bytes: ${name}`);
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write(octal(executable ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(content.length, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\0', 257);
  block.write('00', 263);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

function padding(length: number): Buffer {
  return Buffer.alloc((512 - (length % 512)) % 512);
}
