import type { Socket } from "node:net";
import type { Env, Timer } from "../../env/env.ts";
import type { FrameDirection } from "./frame.ts";
import { FrameReader, type FrameSpan } from "./frame-reader.ts";

/** The connection, as one of its directions sees it. */
export interface LaneOwner {
  readonly env: Env;
  readonly bufferMaxBytes: number;
  /** What becomes of a frame: `true` if it goes on as it is, else it was seen to. */
  passes(span: FrameSpan, lane: Lane): boolean;
  unreadable(rest: Buffer, lane: Lane): void;
  overflow(lane: Lane, why: string): void;
  forwarded(lane: Lane, bytes: number): void;
  cutOff(): void;
}

interface Waiting {
  readonly bytes: Buffer;
  /** Whatever is behind it waits as long; 0 for at once. */
  readonly dueMs: number;
}

/** A place in the stream of bytes at which something happens. */
export interface Cut {
  leftBytes: number;
  /** @returns what to do once the system has taken the bytes before it */
  reached(): () => void;
}

/** One direction of a proxied connection: reads frames, has them judged, and sends on what is left, in order. */
export class Lane {
  readonly direction: FrameDirection;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #owner: LaneOwner;
  readonly #reader: FrameReader;
  readonly #cuts = new Set<Cut>();
  readonly #ends = new Set<() => void>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #heldBytes = 0;
  #timer: Timer | undefined;
  #stalls = 0;
  /** Frames that pass and lie side by side, sent as one. */
  #run: { buffer: Buffer; start: number; end: number } | undefined;
  #ending: "end" | "reset" | undefined;
  /** Nothing is forwarded any more: it is cut, or the other side is gone. */
  #dead = false;
  #unread = false;
  #paused = false;

  constructor(direction: FrameDirection, from: Socket, to: Socket, owner: LaneOwner) {
    this.direction = direction;
    this.#from = from;
    this.#to = to;
    this.#owner = owner;
    this.#reader = new FrameReader(owner.bufferMaxBytes);
    from.on("data", (chunk: Buffer) => this.#take(chunk));
    from.on("end", () => this.#end("end"));
    from.on("error", () => this.#end("reset"));
    from.on("close", () => this.#end("end"));
    to.on("drain", () => this.pump());
    to.on("close", () => this.mute());
  }

  #take(chunk: Buffer): void {
    if (this.#dead) return;
    if (this.#unread) {
      this.send(chunk);
    } else {
      const unreadable = this.#reader.read(chunk, (span) => this.#judge(span));
      this.#endRun();
      if (unreadable?.why === "tooLarge") {
        return this.#owner.overflow(this, "a frame is larger than bufferMaxBytes");
      }
      if (unreadable !== undefined) {
        this.#unread = true;
        this.#owner.unreadable(unreadable.rest, this);
      }
    }
    this.pump();
    this.#press();
  }

  #judge(span: FrameSpan): void {
    if (this.#dead) return;
    const run = this.#run;
    if (!this.#owner.passes(span, this)) return;
    // What was done to frames before may have ended the run.
    if (run !== undefined && run === this.#run && run.buffer === span.buffer && run.end === span.start) {
      run.end = span.end;
      return;
    }
    this.#endRun();
    this.#run = { buffer: span.buffer, start: span.start, end: span.end };
  }

  #endRun(): void {
    const run = this.#run;
    this.#run = undefined;
    if (run !== undefined) this.send(run.buffer.subarray(run.start, run.end));
  }

  /** Puts bytes behind what is on its way. @returns false if nothing goes this way any more */
  send(bytes: Buffer, delayMs = 0): boolean {
    if (this.#dead || this.#ending === "reset") return false;
    this.#endRun();
    const dueMs = delayMs === 0 ? 0 : this.#owner.env.monotonicMs() + delayMs;
    this.#waiting.push({ bytes, dueMs });
    this.#waitingBytes += bytes.length;
    return true;
  }

  /** Counts bytes that are held elsewhere. @returns false, and the connection is reset, if they are too many */
  reserve(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#owner.bufferMaxBytes) {
      this.#owner.overflow(this, "more is held than bufferMaxBytes");
      return false;
    }
    this.#heldBytes += bytes;
    return true;
  }

  /** Hands on what is due, as far as the other side takes it. */
  pump(): void {
    if (this.#dead || this.#stalls > 0) return;
    this.#to.cork();
    let sent = 0;
    for (const { bytes, dueMs } of this.#waiting) {
      if (this.#dead || this.#to.writableNeedDrain || this.#isEarly(dueMs)) break;
      this.#waitingBytes -= bytes.length;
      sent++;
      this.#write(bytes);
    }
    if (!this.#dead) this.#waiting.splice(0, sent);
    this.#to.uncork();
    if (this.#waiting.length === 0) this.#finish();
    this.#ease();
  }

  #isEarly(dueMs: number): boolean {
    if (dueMs === 0) return false;
    const inMs = dueMs - this.#owner.env.monotonicMs();
    if (inMs <= 0) return false;
    this.#timer?.cancel();
    this.#timer = this.#owner.env.setTimer(inMs, () => this.pump());
    return true;
  }

  #write(bytes: Buffer): void {
    let length = bytes.length;
    for (const cut of this.#cuts) length = Math.min(length, cut.leftBytes);
    this.#owner.forwarded(this, length);
    const acts: (() => void)[] = [];
    for (const cut of [...this.#cuts]) {
      cut.leftBytes -= length;
      if (cut.leftBytes > 0) continue;
      this.#cuts.delete(cut);
      acts.push(cut.reached());
    }
    if (acts.length === 0) {
      this.#to.write(bytes);
      return;
    }
    this.mute();
    this.#to.write(bytes.subarray(0, length), () => {
      for (const act of acts) act();
    });
  }

  /** Adds a cut; one at 0 bytes is reached at once. */
  cutAt(cut: Cut): void {
    if (this.#dead) return;
    if (cut.leftBytes > 0) {
      this.#cuts.add(cut);
      return;
    }
    const act = cut.reached();
    this.mute();
    act();
  }

  uncut(cut: Cut): void {
    this.#cuts.delete(cut);
  }

  stall(): void {
    this.#stalls++;
  }

  unstall(): void {
    this.#stalls--;
    this.pump();
  }

  /** Resets the connection once what passed before has been given to the system. */
  cutOff(): void {
    this.#endRun();
    this.pump();
    this.mute();
    if (this.#to.writable) this.#to.write("", () => this.#owner.cutOff());
    else this.#owner.cutOff();
  }

  /** From now on bytes are read and thrown away, and neither side learns of the other's end. */
  mute(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#run = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#timer?.cancel();
    this.#cuts.clear();
    this.#ease();
    for (const ended of [...this.#ends]) ended();
    this.#ends.clear();
  }

  /** Told when nothing goes this way any more. @returns the way to be told no more */
  onEnd(ended: () => void): () => void {
    this.#ends.add(ended);
    return () => void this.#ends.delete(ended);
  }

  #end(how: "end" | "reset"): void {
    if (this.#dead) {
      if (!this.#from.destroyed) this.#from.end();
      return;
    }
    if (this.#ending !== undefined) return;
    // A frame that never became whole.
    const rest = this.#reader.takeRest();
    if (rest.length > 0 && how === "end") this.send(rest);
    this.#ending = how;
    this.pump();
  }

  #finish(): void {
    if (this.#ending === undefined || this.#dead) return;
    const how = this.#ending;
    this.mute();
    if (how === "reset") this.#to.resetAndDestroy();
    else this.#to.end();
  }

  /** TCP does the rest: whoever sends too much has to wait. */
  #press(): void {
    if (this.#dead || this.#paused || this.#waitingBytes <= this.#owner.bufferMaxBytes) return;
    this.#paused = true;
    this.#from.pause();
  }

  #ease(): void {
    if (!this.#paused || this.#waitingBytes > this.#owner.bufferMaxBytes / 2) return;
    this.#paused = false;
    this.#from.resume();
  }
}
