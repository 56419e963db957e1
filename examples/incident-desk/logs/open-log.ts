import { createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

export interface OpenLogOptions {
  signal?: AbortSignal;
  chunkBytes?: number;
}

/** A log file being read, plain or gzip. Reading it through, or leaving the loop, closes it. */
export interface LogSource {
  readonly path: string;
  /** Size of the file as it is stored. */
  readonly sizeBytes: number;
  readonly isGzip: boolean;
  /** How much of the stored file was read: progress is `readBytes / sizeBytes`. */
  readonly readBytes: number;
  /** The text of the log, unpacked, to be read once. Ends with an AbortError when the signal aborts. */
  chunks(): AsyncIterable<Buffer>;
}

/** Opens a log file; what it is, gzip or plain, is seen from its first bytes, not from its name. */
export async function openLog(path: string, options: OpenLogOptions = {}): Promise<LogSource> {
  const { signal, chunkBytes = 256 * 1024 } = options;
  signal?.throwIfAborted();
  const file = await open(path);
  let sizeBytes: number;
  let isGzip: boolean;
  try {
    sizeBytes = (await file.stat()).size;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    isGzip = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
  let stored: ReadStream | undefined;
  async function* chunks(): AsyncGenerator<Buffer> {
    stored = createReadStream(path, { highWaterMark: chunkBytes, ...(signal && { signal }) });
    // What goes wrong reaches the reader through the stream it iterates.
    const text = isGzip ? pipeline(stored, createGunzip({ chunkSize: chunkBytes }), () => {}) : stored;
    for await (const chunk of text) yield chunk as Buffer;
  }
  return {
    path,
    sizeBytes,
    isGzip,
    get readBytes() {
      return stored?.bytesRead ?? 0;
    },
    chunks,
  };
}
