import { readFile, rename, writeFile } from "node:fs/promises";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type JsonSchema, type Protocol, writeSchema } from "../../../protocols/index.ts";
import type { ActorDefinition } from "../../actor.ts";
import {
  fingerprintOf,
  fingerprintOfOutline,
  type Outline,
  outlineOf,
} from "../../durable/versions/index.ts";
import { CommandFailure, UsageError } from "../command.ts";
import { plainText } from "../output.ts";

const format = 1;

/** What of a program others depend on: agents that are stored, and whoever speaks with its actors. Plain JSON. */
export interface Released {
  readonly format: number;
  /** Durable types, by name. */
  readonly types: Readonly<Record<string, ReleasedType>>;
  readonly protocols: Readonly<Record<string, ReleasedProtocol>>;
}

export interface ReleasedType {
  readonly version: number;
  /** Its protocol's name. */
  readonly protocol: string;
  readonly needs: readonly string[];
  readonly fingerprint: string;
  readonly outline: Outline;
}

export interface ReleasedProtocol {
  readonly version: string;
  readonly accepts: Readonly<Record<string, ReleasedMessage>>;
  readonly emits: Readonly<Record<string, ReleasedMessage>>;
}

/** Schemas are null where their library cannot write them as JSON Schema. */
export interface ReleasedMessage {
  readonly payload: JsonSchema | null;
  /** Of a question. */
  readonly reply?: JsonSchema | null;
}

export type Definitions = Readonly<Record<string, ActorDefinition>>;

/** @throws CommandFailure where one protocol's name stands for two protocols */
export function releasedOf(definitions: Definitions): Released {
  const types: Record<string, ReleasedType> = {};
  const protocols: Record<string, ReleasedProtocol> = {};
  for (const [name, { protocol, behaviour, durability }] of Object.entries(definitions)) {
    const spoken = protocolOf(protocol);
    const known = own(protocols, protocol.name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(spoken))
      throw new CommandFailure(`Two different protocols are named "${protocol.name}"`);
    protocols[protocol.name] = spoken;
    if (durability === undefined) continue;
    const logic = behaviour.kind === "logic" ? behaviour.logic : undefined;
    types[name] = {
      version: durability.version,
      protocol: protocol.name,
      needs: [...new Set(durability.needs)].sort(),
      fingerprint: fingerprintOf(logic),
      outline: outlineOf(logic),
    };
  }
  // As it will be read again: what is undefined is not there.
  return JSON.parse(JSON.stringify({ format, types, protocols })) as Released;
}

function protocolOf({ version, accepts, emits }: Protocol): ReleasedProtocol {
  const taken = Object.entries(accepts).map(([type, entry]): [string, ReleasedMessage] => {
    if (!("kind" in entry)) return [type, { payload: jsonOf(entry as StandardSchemaV1) }];
    return [type, { payload: jsonOf(entry.payload), reply: jsonOf(entry.reply) }];
  });
  const emitted = Object.entries(emits).map(([type, schema]): [string, ReleasedMessage] => {
    return [type, { payload: jsonOf(schema) }];
  });
  return { version, accepts: Object.fromEntries(taken), emits: Object.fromEntries(emitted) };
}

/** What is checked at both ends is the input: a payload travels as it was given. */
function jsonOf(schema: StandardSchemaV1): JsonSchema | null {
  return writeSchema(schema, "input") ?? null;
}

/** @throws UsageError where there is none; CommandFailure for what is none */
export async function readReleased(file: string): Promise<Released> {
  const name = plainText(file);
  const text = await readFile(file, "utf8").catch(() => {
    throw new UsageError(`There is no released state "${name}" yet; write it with --write`);
  });
  let released: Released;
  try {
    released = JSON.parse(text) as Released;
  } catch {
    throw new CommandFailure(`"${name}" is no JSON`);
  }
  if (released?.format !== format || typeof released.types !== "object")
    throw new CommandFailure(`"${name}" is no released state of format ${format}`);
  for (const [type, { fingerprint, outline }] of Object.entries(released.types)) {
    if (fingerprintOfOutline(outline) !== fingerprint)
      throw new CommandFailure(`"${name}" was changed by hand: the outline of ${type} is not what it says`);
  }
  return released;
}

export async function writeReleased(file: string, released: Released): Promise<void> {
  const part = `${file}.part-${process.pid}`;
  await writeFile(part, `${JSON.stringify(released, undefined, 2)}\n`).catch((error: Error) => {
    throw new CommandFailure(`Cannot write "${plainText(file)}": ${error.message}`);
  });
  await rename(part, file);
}

/** What a table says of a name; a name like "constructor" is a name like any other. */
export function own<V>(table: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
