import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type ActorAddress,
  defineProtocol,
  type EmittedOf,
  type MessageOf,
  type OutgoingOf,
  type PayloadOf,
  type QuestionOf,
  type QuestionTypeOf,
  question,
  type ReplyOf,
  type ReplyTo,
} from "../../protocols/index.ts";

const boat = defineProtocol({
  name: "boat",
  version: "1.0",
  accepts: {
    row: z.object({ strokes: z.number(), side: z.enum(["port", "starboard"]).default("port") }),
    rest: z.object({}),
    ask: question(z.object({ what: z.string() }), z.object({ answer: z.string().transform(Number) })),
  },
  emits: { rowed: z.object({ metres: z.number() }), rested: z.object({}) },
});
type Boat = typeof boat;

describe("what a machine receives", () => {
  test("is one event a type, with the payload as its schema gives it out", () => {
    expectTypeOf<MessageOf<Boat>["type"]>().toEqualTypeOf<"row" | "rest" | "ask">();
    type Row = Extract<MessageOf<Boat>, { type: "row" }>;
    expectTypeOf<Row["strokes"]>().toEqualTypeOf<number>();
    expectTypeOf<Row["side"]>().toEqualTypeOf<"port" | "starboard">();
    expectTypeOf<Row["sender"]>().toEqualTypeOf<ActorAddress | undefined>();
    expectTypeOf<Extract<MessageOf<Boat>, { type: "rest" }>>().toHaveProperty("sender");
  });

  test("says where a reply goes, for questions only", () => {
    type Ask = Extract<MessageOf<Boat>, { type: "ask" }>;
    expectTypeOf<Ask["replyTo"]>().toEqualTypeOf<ReplyTo<{ answer: number }> | undefined>();
    // @ts-expect-error a plain message has nobody to reply to
    type _Row = Extract<MessageOf<Boat>, { type: "row" }>["replyTo"];
    // @ts-expect-error an empty payload has no fields
    type _Rest = Extract<MessageOf<Boat>, { type: "rest" }>["strokes"];
  });
});

describe("what may be told", () => {
  const tell = (message: OutgoingOf<Boat>): OutgoingOf<Boat> => message;

  test("is any accepted type, with its payload as the schema takes it in", () => {
    tell({ type: "row", strokes: 3 });
    tell({ type: "row", strokes: 3, side: "starboard" });
    tell({ type: "rest" });
    tell({ type: "ask", what: "depth" });
    expectTypeOf<PayloadOf<Boat, "ask">>().toEqualTypeOf<{ what: string }>();
  });

  test("is nothing else", () => {
    // @ts-expect-error no such type
    tell({ type: "sink" });
    // @ts-expect-error the payload is missing
    tell({ type: "row" });
    // @ts-expect-error strokes is a number
    tell({ type: "row", strokes: "three" });
    // @ts-expect-error no such side
    tell({ type: "row", strokes: 3, side: "stern" });
    // @ts-expect-error a field that the payload does not have
    tell({ type: "row", strokes: 3, speed: 9 });
    // @ts-expect-error what is emitted is not accepted
    tell({ type: "rowed", metres: 3 });
    // @ts-expect-error the payload of another type
    tell({ type: "ask", strokes: 3 });
  });
});

describe("what may be asked", () => {
  const ask = <K extends QuestionTypeOf<Boat>>(message: QuestionOf<Boat, K>): ReplyOf<Boat, K> =>
    message as unknown as ReplyOf<Boat, K>;

  test("is a question, and the reply has the question's shape", () => {
    expectTypeOf<QuestionTypeOf<Boat>>().toEqualTypeOf<"ask">();
    expectTypeOf<QuestionOf<Boat>>().toEqualTypeOf<{ readonly type: "ask"; what: string }>();
    expectTypeOf(ask({ type: "ask", what: "depth" })).toEqualTypeOf<{ answer: number }>();
  });

  test("is no message without a reply", () => {
    // @ts-expect-error a row is told, not asked
    ask({ type: "row", strokes: 3 });
    // @ts-expect-error what is a text
    ask({ type: "ask", what: 3 });
    // @ts-expect-error no such field in the reply
    ask({ type: "ask", what: "depth" }).metres;
    expectTypeOf<ReplyOf<Boat, "row">>().toBeNever();
    expectTypeOf<ReplyOf<Boat, "sink">>().toBeNever();
  });

  test("is nothing where no message has a reply", () => {
    const mute = defineProtocol({ name: "mute", accepts: { hush: z.object({}) } });
    expectTypeOf<QuestionTypeOf<typeof mute>>().toBeNever();
    expectTypeOf<QuestionOf<typeof mute>>().toBeNever();
    expectTypeOf<EmittedOf<typeof mute>>().toBeNever();
  });
});

describe("what is emitted", () => {
  test("is one event a type", () => {
    expectTypeOf<EmittedOf<Boat>["type"]>().toEqualTypeOf<"rowed" | "rested">();
    const emitted = (event: EmittedOf<Boat>): EmittedOf<Boat> => event;
    emitted({ type: "rowed", metres: 5 });
    emitted({ type: "rested" });
    // @ts-expect-error what is accepted is not emitted
    emitted({ type: "row", strokes: 3 });
    // @ts-expect-error metres is a number
    emitted({ type: "rowed", metres: "far" });
  });
});

describe("a protocol", () => {
  test("keeps its name as a literal", () => {
    expectTypeOf(boat.name).toEqualTypeOf<"boat">();
  });

  test("takes schemas only", () => {
    // @ts-expect-error a text is no schema
    defineProtocol({ name: "boat", accepts: { row: "number" } });
    // @ts-expect-error a reply needs a schema too
    question(z.object({}), "number");
  });
});
