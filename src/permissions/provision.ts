import { auditStream } from "../audit/index.ts";
import { deadLetterStream } from "../dead-letters.ts";
import { historyStream } from "../durable/history/history-stream.ts";
import { boxStream, hostsBucket, recordsBucket } from "../durable/stores.ts";
import { valueOrThrow } from "../transport/outcomes.ts";
import type { Store } from "../transport/transport.ts";
import { checkPlan, type SystemPlan } from "./plan.ts";
import { issuer, storedNames } from "./stored.ts";

/**
 * Makes what a system keeps on its server, with the operator's connection: its nodes may only open it. What is there stays as it is.
 *
 * @returns the names of all of it
 * @throws OPTION_INVALID, PERMISSION_DENIED, STORE_FAILED
 */
export async function provision(
  store: Store,
  plan: SystemPlan,
  { waitingMax = 10_000 }: { readonly waitingMax?: number } = {},
): Promise<readonly string[]> {
  const { system, durable, histories } = checkPlan(plan);
  const { members, groups } = storedNames(system);
  const made: string[] = [];
  const bucket = async (name: string, options: Parameters<Store["bucket"]>[1] = {}): Promise<void> => {
    valueOrThrow(await store.bucket(name, options));
    made.push(name);
  };
  const stream = async ({ name, options }: ReturnType<typeof boxStream>): Promise<void> => {
    valueOrThrow(await store.stream(name, options));
    made.push(name);
  };
  await bucket(members);
  await stream(deadLetterStream(system));
  await stream(auditStream(system));
  await bucket(groups);
  const hosts = hostsBucket(system);
  await bucket(hosts.name, hosts.options);
  if (durable.size === 0) return made;
  const records = recordsBucket(system);
  await bucket(records.name, records.options);
  await stream(boxStream(system, waitingMax));
  const { keys, signing } = storedNames(system);
  if (durable.has(issuer)) for (const name of [keys, signing]) await bucket(name);
  for (const [type, historyMax] of histories) await stream(historyStream(system, type, historyMax));
  return made;
}
