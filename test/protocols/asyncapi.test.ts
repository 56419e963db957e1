import { DiagnosticSeverity, Parser } from "@asyncapi/parser";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, test } from "vitest";
import { z } from "zod";
import { actorAddress, asyncApiOf, defineProtocol, question } from "../../protocols/index.ts";

/** A schema of a library that writes no JSON Schema. */
const bare: StandardSchemaV1<number> = {
  "~standard": { version: 1, vendor: "bare", validate: (value) => ({ value: value as number }) },
};
interface Tree {
  readonly name: string;
  readonly parts: readonly Tree[];
}
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), parts: z.array(tree) }));

const delegation = defineProtocol({
  name: "delegation",
  version: "1.2",
  accepts: {
    delegate: question(
      z.object({ task: z.string(), atMost: z.number().default(3) }),
      z.object({ accepted: z.boolean() }),
    ),
    revoke: z.object({ task: z.string() }),
    reorganise: z.object({ tree, since: z.date(), note: z.json() }),
    adjust: bare,
  },
  emits: { delegated: z.object({ task: z.string(), to: z.string() }) },
});

const describeSystem = (jsonSchema?: Parameters<typeof asyncApiOf>[0]["jsonSchema"]): object =>
  asyncApiOf({
    system: "demo",
    actors: [
      { address: actorAddress("desk"), protocol: delegation },
      { address: actorAddress("crew.bow.2"), protocol: delegation },
      { address: actorAddress("mute"), protocol: defineProtocol({ name: "mute", accepts: {} }) },
    ],
    ...(jsonSchema === undefined ? {} : { jsonSchema }),
  });

async function problems(document: object): Promise<string[]> {
  const { diagnostics, document: parsed } = await new Parser().parse(JSON.stringify(document));
  expect(parsed).toBeDefined();
  return diagnostics
    .filter(
      ({ severity }) => severity === DiagnosticSeverity.Error || severity === DiagnosticSeverity.Warning,
    )
    .map(({ message, path }) => `${path.join("/")}: ${message}`);
}

test("the document of a system is valid AsyncAPI 3.0", async () => {
  expect(await problems(describeSystem())).toEqual([]);
});

test("a broken document would have been noticed", async () => {
  const broken = {
    ...describeSystem(),
    operations: { ask: { action: "whisper", channel: { $ref: "#/nowhere" } } },
  };
  const { diagnostics } = await new Parser().parse(JSON.stringify(broken));
  expect(diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error)).not.toEqual([]);
});

test("it has an inbox, events and replies for each actor, with operations both ways", async () => {
  const { document } = await new Parser().parse(JSON.stringify(describeSystem()));
  const channels = new Map(
    document
      ?.channels()
      .all()
      .map((channel) => [channel.id(), channel.address()]),
  );
  expect(Object.fromEntries(channels)).toEqual({
    "in.desk": "cx.demo.in.{zone}.desk",
    "re.desk": null,
    "ev.desk": "cx.demo.ev.desk.{type}",
    "in.crew.bow.2": "cx.demo.in.{zone}.crew.bow.2",
    "re.crew.bow.2": null,
    "ev.crew.bow.2": "cx.demo.ev.crew.bow.2.{type}",
    "in.mute": "cx.demo.in.{zone}.mute",
    "ev.mute": "cx.demo.ev.mute.{type}",
  });
  const ask = document?.operations().get("receive.desk.delegate");
  expect(ask?.isReceive()).toBe(true);
  expect(ask?.reply()?.channel()?.id()).toBe("re.desk");
  expect(document?.operations().get("receive.desk.revoke")?.reply()).toBeUndefined();
  expect(document?.operations().get("send.desk.delegated")?.isSend()).toBe(true);
  expect(document?.operations().get("send.desk.failed")?.isSend()).toBe(true);
});

test("a message's schema is what a sender may give; a reply's, what it gets", () => {
  const { components } = describeSystem() as { components: { schemas: Record<string, object> } };
  expect(components.schemas["delegation-1.2.delegate"]).toMatchObject({
    properties: { task: { type: "string" }, atMost: { type: "number", default: 3 } },
    required: ["task"],
  });
  expect(components.schemas["delegation-1.2.delegate.reply"]).toMatchObject({ required: ["accepted"] });
});

test("a schema of a library without JSON Schema is left open, or written by the caller", async () => {
  const schemas = (document: object): Record<string, object> =>
    (document as { components: { schemas: Record<string, object> } }).components.schemas;
  expect(schemas(describeSystem())["delegation-1.2.adjust"]).toEqual({
    description: "Checked by bare; it has no JSON Schema.",
  });
  const written = describeSystem((schema) => (schema === bare ? { type: "number" } : undefined));
  expect(schemas(written)["delegation-1.2.adjust"]).toEqual({ type: "number" });
  expect(await problems(written)).toEqual([]);
});
