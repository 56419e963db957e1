import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ActorAddress } from "./address.ts";
import type { envelopeKinds } from "./envelope.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { lifecycle, wireError } from "./lifecycle.ts";
import type { Protocol, Question } from "./protocol.ts";
import { eventSubject, inboxSubject } from "./subjects.ts";

export interface AsyncApiOptions {
  readonly system: string;
  readonly title?: string;
  /** The document's own version; "1.0.0" where unsaid. */
  readonly version?: string;
  readonly actors: readonly { readonly address: ActorAddress; readonly protocol: Protocol }[];
  /** For a schema of a library that cannot write JSON Schema itself. `undefined` leaves it to us. */
  readonly jsonSchema?: (schema: StandardSchemaV1, side: "input" | "output") => JsonSchema | undefined;
}

type Json = Record<string, unknown>;

/**
 * An AsyncAPI 3.0 document of what may be said to actors and what they say: for each an inbox, the
 * events and life-cycle facts, and the replies to its questions. Payloads are the JSON form of an
 * envelope, so any NATS client can speak from this document alone.
 */
export function asyncApiOf(options: AsyncApiOptions): object {
  const document = new AsyncApiDocument(options);
  for (const { address, protocol } of options.actors) document.addActor(address, protocol);
  return document.finish();
}

class AsyncApiDocument {
  readonly #options: AsyncApiOptions;
  readonly #channels: Json = {};
  readonly #operations: Json = {};
  readonly #messages: Json = {};
  readonly #schemas: Json = {};

  constructor(options: AsyncApiOptions) {
    this.#options = options;
    this.#addMessage("refusal", "refusal", "refusal", wireError, "output", "Why a message was not taken.");
  }

  addActor(address: ActorAddress, protocol: Protocol): void {
    this.#addInbox(address, protocol);
    this.#addEvents(address, protocol);
  }

  finish(): object {
    const { system, title, version } = this.#options;
    return {
      asyncapi: "3.0.0",
      info: {
        title: title ?? `coxswain system ${system}`,
        version: version ?? "1.0.0",
        description:
          `What may be said to the actors of "${system}" and what they say, over NATS subjects. ` +
          "Whoever speaks JSON is answered in JSON; nodes speak msgpack among themselves, several frames a message.",
      },
      defaultContentType: "application/json",
      channels: this.#channels,
      operations: this.#operations,
      components: { messages: this.#messages, schemas: this.#schemas },
    };
  }

  #addInbox(address: ActorAddress, protocol: Protocol): void {
    const inbox = `in.${address}`;
    const replies = `re.${address}`;
    const taken: Json = {};
    const answered: Json = {};
    for (const [type, entry] of Object.entries(protocol.accepts)) {
      const asked = isQuestion(entry) ? entry : undefined;
      const name = this.#addMessage(
        nameOf(protocol, type),
        type,
        "message",
        asked?.payload ?? (entry as StandardSchemaV1),
        "input",
      );
      taken[type] = ref("components/messages", name);
      const operation: Json = {
        action: "receive",
        channel: ref("channels", inbox),
        messages: [ref(`channels/${inbox}/messages`, type)],
      };
      if (asked !== undefined) {
        const reply = this.#addMessage(
          `${nameOf(protocol, type)}.reply`,
          type,
          "reply",
          asked.reply,
          "output",
        );
        answered[type] = ref("components/messages", reply);
        operation.reply = {
          channel: ref("channels", replies),
          messages: [
            ref(`channels/${replies}/messages`, type),
            ref(`channels/${replies}/messages`, "refusal"),
          ],
        };
      }
      this.#operations[`receive.${address}.${type}`] = operation;
    }
    this.#channels[inbox] = {
      address: inboxSubject(this.#options.system, "in", "{zone}", address),
      title: `Inbox of ${address} (${protocol.tag})`,
      parameters: {
        zone: { description: "The sender's trust zone; the server's permissions say which one may be used." },
      },
      messages: taken,
    };
    if (Object.keys(answered).length === 0) return;
    this.#channels[replies] = {
      address: null,
      title: `Replies of ${address}`,
      description: "The reply subject that the asker's NATS client gave with its request.",
      messages: { ...answered, refusal: ref("components/messages", "refusal") },
    };
  }

  #addEvents(address: ActorAddress, protocol: Protocol): void {
    const events = `ev.${address}`;
    const said: Json = {};
    for (const spoken of [protocol, lifecycle]) {
      for (const [type, schema] of Object.entries(spoken.emits)) {
        const name = this.#addMessage(nameOf(spoken, type), type, "event", schema, "output");
        said[type] = ref("components/messages", name);
        this.#operations[`send.${address}.${type}`] = {
          action: "send",
          channel: ref("channels", events),
          messages: [ref(`channels/${events}/messages`, type)],
        };
      }
    }
    this.#channels[events] = {
      address: eventSubject(this.#options.system, address, "{type}"),
      title: `Events and life-cycle facts of ${address}`,
      parameters: { type: { enum: Object.keys(said), description: "The event's type." } },
      messages: said,
    };
  }

  /** Adds a message and its body's schema, once; gives its name. */
  #addMessage(
    name: string,
    type: string,
    kind: (typeof envelopeKinds)[number],
    body: StandardSchemaV1,
    side: "input" | "output",
    summary?: string,
  ): string {
    if (Object.hasOwn(this.#messages, name)) return name;
    const given = this.#options.jsonSchema?.(body, side);
    this.#schemas[name] = jsonSchemaOf(body, side, `#/components/schemas/${name}`, given);
    this.#messages[name] = {
      name: type,
      title: `${kind} ${type}`,
      ...(summary === undefined ? {} : { summary }),
      contentType: "application/json",
      payload: envelopeSchema(kind, type, ref("components/schemas", name)),
    };
    return name;
  }
}

/** The JSON form of an envelope. What an outsider may leave out is not required of a message. */
function envelopeSchema(kind: string, type: string, body: Json): Json {
  const text = { type: "string" };
  const instant = { type: "number", description: "Epoch milliseconds." };
  return {
    type: "object",
    required: kind === "message" ? ["type", "body"] : ["kind", "id", "type", "sentAtMs"],
    properties: {
      kind: { const: kind },
      id: text,
      from: text,
      to: text,
      type: kind === "refusal" ? text : { const: type },
      protocol: { ...text, description: "name@major.minor" },
      sentAtMs: instant,
      deadlineMs: instant,
      causationId: text,
      correlationId: text,
      traceparent: text,
      key: { ...text, description: "Asks with the same key share one answer." },
      priority: { type: "integer", minimum: 0, maximum: 4 },
      grant: { ...text, description: "The token of the grant under which it is sent." },
      body,
    },
  };
}

function isQuestion(entry: StandardSchemaV1 | Question): entry is Question {
  return "kind" in entry && entry.kind === "question";
}

/** Unambiguous among component names, which may not contain an `@`. */
function nameOf(protocol: Protocol, type: string): string {
  return `${protocol.name}-${protocol.version}.${type}`;
}

function ref(path: string, name: string): Json {
  return { $ref: `#/${path}/${name}` };
}
