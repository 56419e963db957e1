import { CoxswainError, isToken, quote } from "../../../protocols/index.ts";

/** Of types that need nothing of their node. */
const mainGroup = "main";

/** Which of the shards of its group an address is in: FNV-1a, 32 bits. Never to be changed: entries of the inbox lie by it. */
export function shardNumber(address: string, shards: number): number {
  return textHash(address) % shards;
}

export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  // Tokens are ASCII: characters are bytes.
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/**
 * The group of shards for types that need these labels of their node: `gpu-large`, whatever the order; `main` for none.
 *
 * @throws OPTION_INVALID for what is no label, or too many of them
 */
export function groupOf(needs: readonly string[]): string {
  if (needs.length === 0) return mainGroup;
  const group = [...new Set(needs.map(label))].sort().join("-");
  if (group !== mainGroup && isToken(shardName(group, 9_999))) return group;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected labels of at most 59 characters together, and not "${mainGroup}" alone, got ${quote(needs)}`,
  );
}

/** @throws OPTION_INVALID */
export function label(text: string): string {
  if (isToken(text)) return text;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected a label of 1 to 64 characters A-Z a-z 0-9 _ -, got ${quote(text)}`,
  );
}

/** A token: of the inbox's subjects, and of the records' keys. */
export function shardName(group: string, n: number): string {
  return `${group}_${n}`;
}

export function groupOfShard(shard: string): string {
  return shard.slice(0, shard.lastIndexOf("_"));
}
