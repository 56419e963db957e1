import { isActorAddress, isToken } from "../address.ts";
import { type GrantTerms, grantTerms } from "./grants.ts";

// The claims are one JSON array, its version first; readable by anybody who undoes the base64:
//   1 root id zone holder [audience] [operations] [tools] [timeMs tokens moneyMicros] depth untilMs
const version = 1;

/** What claims may come to, in bytes: with key and signature around them they make a token of `grantTokenMax` characters. */
export const grantClaimsMaxBytes = 690;

/** What the token of a grant says. Whoever signed it, and whether it still stands, is asked elsewhere. */
export interface GrantClaims {
  /** The key of the book it is in: `grants.<root>`. */
  readonly root: string;
  readonly id: string;
  /** The trust zone its holder speaks from. */
  readonly zone: string;
  readonly terms: GrantTerms;
}

/** A grant as the one sees it who is asked under it: checked at the boundary, plain data, to be kept and passed on. */
export interface CallerGrant extends GrantClaims {
  readonly token: string;
}

export function claimsText({ root, id, zone, terms }: GrantClaims): string {
  const { holder, audience, operations, tools, budget, depth, untilMs } = terms;
  const { timeMs, tokens, moneyMicros } = budget;
  const bounds = [timeMs ?? null, tokens ?? null, moneyMicros ?? null];
  return JSON.stringify([
    version,
    root,
    id,
    zone,
    holder,
    audience,
    operations,
    tools,
    bounds,
    depth,
    untilMs,
  ]);
}

/** What claims come to in a token, to be held against {@link grantClaimsMaxBytes}. */
export function claimsBytes(claims: GrantClaims): number {
  return Buffer.byteLength(claimsText(claims));
}

/** Undefined for anything but whole claims. */
export function claimsOf(text: string): GrantClaims | undefined {
  const parsed = parse(text);
  if (!Array.isArray(parsed) || parsed.length !== 11 || parsed[0] !== version) return undefined;
  const [, root, id, zone, holder, audience, operations, tools, bounds, depth, untilMs] = parsed as unknown[];
  if (!isActorAddress(root) || typeof id !== "string" || !isToken(zone) || !Array.isArray(bounds))
    return undefined;
  const [timeMs, tokens, moneyMicros] = bounds.map((bound) => bound ?? undefined) as unknown[];
  const budget = { timeMs, tokens, moneyMicros };
  const read = grantTerms.safeParse({ holder, audience, operations, tools, budget, depth, untilMs });
  return read.success ? { root, id, zone, terms: read.data } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
