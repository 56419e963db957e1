import type { Msg } from "nats";
import { wantsAnswerUndecoded } from "../../protocols/index.ts";
import type { Delivery } from "./transport.ts";

/** What the client keeps to itself: subjects before they are decoded. Should it move, the decoded ones serve. */
interface Inside {
  readonly _msg?: { readonly subject?: Uint8Array; readonly reply?: Uint8Array | undefined };
}

const noResponders = 503;
const decoder = new TextDecoder();

/** Makes deliveries of the client's messages. Subjects come again and again; to decode one costs more than to find it. */
export class NatsDeliveries {
  readonly #known: string[] = new Array(1_024).fill("");
  #last = "";

  of(msg: Msg): Delivery {
    const { _msg: raw } = msg as unknown as Inside;
    const subject = raw?.subject === undefined ? msg.subject : this.#textOf(raw.subject);
    const payload = msg.data;
    if (payload.length === 0 && msg.headers?.code === noResponders) {
      return { subject, payload, reply: undefined, unreachable: true };
    }
    if (raw?.subject === undefined) return { subject, payload, reply: msg.reply || undefined };
    const { reply } = raw;
    const wanted = reply !== undefined && wantsAnswerUndecoded(reply);
    return { subject, payload, reply: wanted ? this.#textOf(reply) : undefined };
  }

  #textOf(bytes: Uint8Array): string {
    if (isText(this.#last, bytes)) return this.#last;
    const slot = slotOf(bytes);
    const known = this.#known[slot] as string;
    if (isText(known, bytes)) {
      this.#last = known;
      return known;
    }
    const text = decoder.decode(bytes);
    // Only ASCII can be compared byte by byte.
    if (text.length === bytes.length) this.#known[slot] = text;
    return text;
  }
}

/** From the end, where subjects differ. */
function isText(text: string, bytes: Uint8Array): boolean {
  let at = bytes.length;
  if (text.length !== at) return false;
  while (at-- > 0) if (text.charCodeAt(at) !== bytes[at]) return false;
  return true;
}

function slotOf(bytes: Uint8Array): number {
  let hash = bytes.length;
  for (let i = Math.max(0, bytes.length - 16); i < bytes.length; i++)
    hash = (hash * 31 + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 12)) & 1_023;
}
