/** The first byte of several frames in one message. No frame begins so: msgpack has no such tag, JSON no such byte. */
export const batchMark = 0xc1;
/** Frames in one batch, and what they and their lengths may come to, in bytes. */
export const batchEntriesMax = 64;
export const batchMaxBytes = 16_384;
/** What a batch costs beside its frames: its mark, and a length before each. */
export const batchMarkBytes = 1;
export const batchLengthBytes = 2;

/** Writes a batch: the mark, and each frame behind its length in two bytes, big-endian. @returns the position behind it */
export function putBatch(page: Uint8Array, from: number, frames: readonly Uint8Array[]): number {
  let at = from;
  page[at++] = batchMark;
  for (const frame of frames) {
    const { length } = frame;
    page[at++] = length >> 8;
    page[at++] = length & 0xff;
    page.set(frame, at);
    at += length;
  }
  return at;
}

/**
 * The frames of a batch, as views of its bytes; undefined for anything but a whole batch of at most
 * `batchEntriesMax` frames. What the frames hold is not looked at.
 */
export function framesOf(batch: Uint8Array): readonly Uint8Array[] | undefined {
  if (batch[0] !== batchMark) return undefined;
  const frames: Uint8Array[] = [];
  let at = batchMarkBytes;
  while (at < batch.length) {
    if (frames.length >= batchEntriesMax || batch.length - at < batchLengthBytes) return undefined;
    const length = ((batch[at] as number) << 8) | (batch[at + 1] as number);
    at += batchLengthBytes;
    if (length === 0 || length > batch.length - at) return undefined;
    frames.push(batch.subarray(at, at + length));
    at += length;
  }
  return frames.length === 0 ? undefined : frames;
}
