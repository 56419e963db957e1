import type {
  ConsumeOptions,
  Entry,
  Expected,
  Outcome,
  StreamEntry,
  StreamOptions,
} from "../../transport/transport.ts";

/** What is asked about the consumers of a queue. A consumer's id is its name and a mark of its owner. */
export type QueueRequest =
  /** The ids of those of a name. */
  | { readonly op: "consumers"; readonly stream: string; readonly name: string }
  | { readonly op: "unconsume"; readonly stream: string; readonly consumer: string }
  /** What it delivers comes with `id` and `round`. */
  | {
      readonly op: "consume";
      readonly stream: string;
      readonly consumer: string;
      readonly options: ConsumeOptions;
      readonly id: number;
      readonly round: number;
    };

/** `gone`: the stream; `missing`: the consumer; `in the way`: another consumer takes some of the subjects. */
export type QueueAnswer = readonly string[] | "done" | "missing" | "gone" | "in the way";

/** What is asked of the store, as data: it may be lost on the way, or its answer may. */
export type StoreRequest =
  | QueueRequest
  | { readonly op: "bucket"; readonly bucket: string; readonly valueMaxBytes: number | undefined }
  | { readonly op: "get"; readonly bucket: string; readonly key: string }
  | { readonly op: "entries"; readonly bucket: string; readonly under: string | undefined }
  | {
      readonly op: "write";
      readonly bucket: string;
      readonly key: string;
      readonly value: Uint8Array | undefined;
      readonly revision: number | undefined;
    }
  | { readonly op: "stream"; readonly stream: string; readonly options: StreamOptions }
  | {
      readonly op: "append";
      readonly stream: string;
      readonly subject: string;
      readonly payload: Uint8Array;
      readonly expected: Expected | undefined;
    }
  | {
      readonly op: "read";
      readonly stream: string;
      readonly fromSequence: number;
      readonly limit: number;
      readonly subject: string | undefined;
    }
  | { readonly op: "remove"; readonly stream: string; readonly sequence: number }
  | { readonly op: "count"; readonly stream: string }
  | { readonly op: "last"; readonly stream: string };

export type StoreAnswer = Outcome<
  number | undefined | Entry | readonly Entry[] | readonly StreamEntry[] | StreamOptions | QueueAnswer
>;

/** From a client to the server. `label` is what the trace shows of it. */
export type UpFrame =
  | {
      readonly op: "publish";
      readonly subject: string;
      readonly payload: Uint8Array;
      readonly reply: string | undefined;
      readonly label: string;
    }
  | {
      readonly op: "subscribe";
      readonly sid: number;
      readonly pattern: string;
      readonly queue: string | undefined;
    }
  | { readonly op: "unsubscribe"; readonly sid: number }
  | { readonly op: "ping"; readonly id: number }
  | { readonly op: "ask"; readonly id: number; readonly request: StoreRequest }
  | {
      readonly op: "watch";
      readonly id: number;
      readonly bucket: string;
      readonly afterRevision: number | undefined;
    }
  | { readonly op: "unwatch"; readonly id: number }
  | {
      readonly op: "acknowledge";
      readonly stream: string;
      readonly consumer: string;
      readonly sequence: number;
    }
  | { readonly op: "bye" };

/** From the server to a client. */
export type DownFrame =
  | {
      readonly op: "message";
      readonly sid: number;
      readonly subject: string;
      readonly payload: Uint8Array;
      readonly reply: string | undefined;
      readonly unreachable: boolean;
      readonly label: string;
    }
  | { readonly op: "pong"; readonly id: number }
  | { readonly op: "answer"; readonly id: number; readonly answer: StoreAnswer }
  | { readonly op: "entry"; readonly id: number; readonly entry: Entry }
  | { readonly op: "present"; readonly id: number }
  /** An entry of a queue; `number` counts those of the round. */
  | {
      readonly op: "queued";
      readonly id: number;
      readonly round: number;
      readonly number: number;
      readonly entry: StreamEntry;
    }
  /** The consumer is gone: the client has missed its heartbeats. */
  | { readonly op: "deposed"; readonly id: number; readonly round: number }
  /** A watch that cannot begin. */
  | { readonly op: "unwatched"; readonly id: number; readonly refusal: Outcome<never> };
