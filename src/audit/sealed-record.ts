import { createHash } from "node:crypto";
import {
  type AuditRecord,
  auditRecord,
  auditSubject,
  CoxswainError,
  isActorAddress,
  limitsDefault,
} from "../../protocols/index.ts";

/** One record, with all around it. */
export const recordBytesMax = 64 * 1_024;

export type Unsealed = Omit<AuditRecord, "hash">;

export interface Sealed {
  readonly record: AuditRecord;
  readonly payload: Uint8Array;
}

/** As it is stored. @throws PAYLOAD_TOO_LARGE, MESSAGE_INVALID for what is no JSON */
export function sealed(given: Unsealed): Sealed {
  const text = textOf(given);
  const record: AuditRecord = { ...(JSON.parse(text) as Unsealed), hash: sha256(text) };
  const payload = Buffer.from(JSON.stringify(record));
  if (payload.length <= recordBytesMax) return { record, payload };
  throw new CoxswainError(
    "PAYLOAD_TOO_LARGE",
    `Expected at most ${recordBytesMax} bytes for the audit of ${given.subject}, got ${payload.length}`,
  );
}

function textOf(given: Unsealed): string {
  try {
    return JSON.stringify(given);
  } catch (cause) {
    const text = `Expected plain data for the audit of ${given.subject}`;
    throw new CoxswainError("MESSAGE_INVALID", text, { cause });
  }
}

/** Undefined for what no node of ours has written. */
export function opened(payload: Uint8Array): AuditRecord | undefined {
  try {
    return auditRecord.parse(JSON.parse(Buffer.from(payload).toString()));
  } catch {
    return undefined;
  }
}

/** Whether it is as it was sealed. */
export function isUnchanged(payload: Uint8Array): boolean {
  const { hash, ...rest } = JSON.parse(Buffer.from(payload).toString()) as AuditRecord;
  return hash === sha256(JSON.stringify(rest));
}

export function sha256(of: string | Uint8Array): string {
  return createHash("sha256").update(of).digest("hex");
}

export function subjectOf(system: string, { zone, kind, subject }: Unsealed): string {
  return auditSubject(system, zone, kind, aboutOf(subject));
}

/** What a record is about, as it stands in its NATS subject. */
export function aboutOf(subject: string): string {
  return isActorAddress(subject) ? subject : `x-${sha256(subject).slice(0, 32)}`;
}

const withheld = "[withheld]";

/** Without the values of what bears one of these names, however deep. @throws MESSAGE_INVALID for what has no end */
export function withhold(value: unknown, names: ReadonlySet<string>, depth = 0): unknown {
  if (depth > limitsDefault.depthMax)
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected at most ${limitsDefault.depthMax} levels for the audit`,
    );
  const inner = (each: unknown): unknown => withhold(each, names, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, names.has(key) ? withheld : inner(each)]),
  );
}
