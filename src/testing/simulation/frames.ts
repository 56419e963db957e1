import type { Entry, Outcome, StreamEntry, StreamOptions } from "../../transport/transport.ts";

/** What is asked of the store, as data: it may be lost on the way, or its answer may. */
export type StoreRequest =
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
  | { readonly op: "append"; readonly stream: string; readonly subject: string; readonly payload: Uint8Array }
  | {
      readonly op: "read";
      readonly stream: string;
      readonly fromSequence: number;
      readonly limit: number;
      readonly subject: string | undefined;
    }
  | { readonly op: "remove"; readonly stream: string; readonly sequence: number }
  | { readonly op: "count"; readonly stream: string };

export type StoreAnswer = Outcome<
  number | undefined | Entry | readonly Entry[] | readonly StreamEntry[] | StreamOptions
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
  /** A watch that cannot begin. */
  | { readonly op: "unwatched"; readonly id: number; readonly refusal: Outcome<never> };
