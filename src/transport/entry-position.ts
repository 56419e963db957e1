/** Where a delivered entry stands, read from the reply subject that JetStream gives it. */
export interface EntryPosition {
  readonly sequence: number;
  /** Its running number for this consumer; a gap means that something was lost on the way. */
  readonly delivered: number;
  readonly storedAtMs: number;
}

/** Where each token of the subject that is looked at begins; the last one's end behind it. */
const begins: number[] = [];

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<delivered>.<time>.<pending>[.<random>]` (ADR-15) */
export function positionOf(reply: string): EntryPosition {
  begins.length = 0;
  for (let at = 0; at >= 0; at = reply.indexOf(".", at) + 1 || -1) begins.push(at);
  const first = begins.length > 9 ? 7 : 5;
  begins.push(reply.length + 1);
  return {
    sequence: numberAt(reply, first),
    delivered: numberAt(reply, first + 1),
    // Nanoseconds since 1970 do not fit a double.
    storedAtMs: numberAt(reply, first + 2, 6),
  };
}

/** The number a token is, without its last digits. */
function numberAt(text: string, token: number, without = 0): number {
  const end = (begins[token + 1] ?? 0) - 1 - without;
  let value = 0;
  for (let at = begins[token] ?? end; at < end; at++) value = value * 10 + text.charCodeAt(at) - 0x30;
  return value;
}
