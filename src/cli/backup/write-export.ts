import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** A file that has its name only once it is whole. */
export interface ExportWriter {
  /** Resolves when more may be written. */
  line(text: string): Promise<void>;
  /** Of all lines so far. */
  sha256(): string;
  /** The file is there under its name, and on the disk. */
  finish(): Promise<void>;
  /** Nothing of it is left. */
  abandon(): Promise<void>;
}

/** Lines, gzipped where the name ends in ".gz". @throws where the file cannot be written */
export async function writeExport(file: string): Promise<ExportWriter> {
  const part = `${file}.part-${process.pid}`;
  // In the same folder, so that it can be renamed.
  const stream = createWriteStream(part, { flags: "wx", mode: 0o600 });
  await once(stream, "open");
  const gzip = file.endsWith(".gz") ? createGzip() : undefined;
  const into = gzip ?? stream;
  let failure: Error | undefined;
  for (const each of [stream, ...(gzip === undefined ? [] : [gzip])])
    each.on("error", (error: Error) => {
      failure ??= error;
      // Whoever waits for room waits no more.
      into.emit("drain");
    });
  gzip?.pipe(stream);
  const hash = createHash("sha256");
  const assertWhole = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    line: async (text) => {
      const bytes = `${text}\n`;
      hash.update(bytes);
      if (!into.write(bytes)) await once(into, "drain");
      assertWhole();
    },
    sha256: () => hash.copy().digest("hex"),
    finish: async () => {
      into.end();
      await finished(stream);
      assertWhole();
      const handle = await open(part, "r+");
      await handle.sync();
      await handle.close();
      await rename(part, file);
    },
    abandon: async () => {
      gzip?.destroy();
      stream.destroy();
      await rm(part, { force: true });
    },
  };
}
