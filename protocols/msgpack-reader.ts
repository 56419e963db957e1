// Reads what `prescan` has passed and msgpackr would change: without its optional native part it drops
// a byte order mark from the front of texts longer than 64 bytes. Rare, so plain rather than fast.

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The value in scanned bytes. Nothing is checked here. */
export function readMarked(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let position = 0;

  const length = (sizeBytes: number): number => {
    position += sizeBytes;
    const at = position - sizeBytes;
    return sizeBytes === 1 ? view.getUint8(at) : sizeBytes === 2 ? view.getUint16(at) : view.getUint32(at);
  };
  const chunk = (size: number): Uint8Array => {
    position += size;
    return bytes.subarray(position - size, position);
  };
  const text = (size: number): string => decoder.decode(chunk(size));
  const array = (count: number): unknown[] => Array.from({ length: count }, read);
  const object = (count: number): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = read() as string;
      result[key] = read();
    }
    return result;
  };
  const number = (tag: number): unknown => {
    const size = tag < 0xcc ? (tag === 0xca ? 4 : 8) : 1 << (tag & 3);
    position += size;
    const at = position - size;
    switch (tag) {
      case 0xca:
        return view.getFloat32(at);
      case 0xcb:
        return view.getFloat64(at);
      case 0xcf:
        return view.getBigUint64(at);
      case 0xd0:
        return view.getInt8(at);
      case 0xd1:
        return view.getInt16(at);
      case 0xd2:
        return view.getInt32(at);
      case 0xd3:
        return view.getBigInt64(at);
      default:
        position = at;
        return length(size);
    }
  };
  function read(): unknown {
    const tag = bytes[position++] as number;
    if (tag < 0x80) return tag;
    if (tag < 0x90) return object(tag & 0x0f);
    if (tag < 0xa0) return array(tag & 0x0f);
    if (tag < 0xc0) return text(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    if (tag === 0xc0) return null;
    if (tag < 0xc4) return tag === 0xc3;
    if (tag < 0xc7) return chunk(length(1 << (tag - 0xc4))).slice();
    if (tag < 0xd9) return number(tag);
    if (tag < 0xdc) return text(length(1 << (tag - 0xd9)));
    if (tag < 0xde) return array(length(tag === 0xdc ? 2 : 4));
    return object(length(tag === 0xde ? 2 : 4));
  }
  return read();
}
