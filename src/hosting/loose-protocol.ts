import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Protocol, question } from "../../protocols/index.ts";

const anything: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "coxswain", validate: (value) => ({ value }) },
};

/**
 * A protocol of which only the tag is known here. Its schemas live in the worker, which has checked what it
 * sends with them, and checks the reply.
 */
export function looseProtocol(tag: string, type: string, kind: "message" | "question"): Protocol {
  const at = tag.lastIndexOf("@");
  return {
    name: tag.slice(0, at),
    version: tag.slice(at + 1),
    accepts: { [type]: kind === "question" ? question(anything, anything) : anything },
    emits: {},
    tag,
    toJSON: () => tag,
  };
}
