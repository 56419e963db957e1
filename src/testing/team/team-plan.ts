import {
  type ActorAddress,
  actorAddress,
  CoxswainError,
  type Protocol,
  payloadSchema,
  quote,
  validate,
} from "../../../protocols/index.ts";
import { wholeNumber } from "./check-options.ts";
import { Member } from "./member.ts";
import { viewOf } from "./member-view.ts";
import { type Swap, swapsOf } from "./renaming.ts";
import type { ChannelOptions, MemberOptions, Members, TeamEvent, TeamOptions } from "./team-options.ts";

const countMax = 64;
/** 6! = 720 ways to swap. */
const swapsMax = 720;
const inFlightMaxDefault = 4;

/** An event from outside, with who may get it. */
export interface PlannedEvent {
  readonly event: TeamEvent;
  readonly body: object;
  readonly protocol: string;
  /** Places of members. */
  readonly to: readonly number[];
}

/** The options of a team, checked and spelled out. */
export interface TeamPlan {
  readonly members: readonly Member[];
  /** By place: the number of the member's kind. */
  readonly kinds: readonly number[];
  readonly kindNames: readonly string[];
  readonly addresses: readonly string[];
  readonly swaps: readonly Swap[];
  /** Addresses of symmetric members. */
  readonly folded: readonly string[];
  readonly channels: Required<Omit<ChannelOptions, "faulty">> & Pick<ChannelOptions, "faulty">;
  readonly events: readonly PlannedEvent[];
  /** By kind; 0 where there is none. */
  readonly crashesMax: readonly number[];
  readonly restarts: readonly boolean[];
  /** By place: the places of those who hear of its end. */
  readonly watchers: readonly (readonly number[])[];
}

/** @throws OPTION_INVALID, MACHINE_INVALID */
export function planOf<M extends Members, H>(options: TeamOptions<M, H>): TeamPlan {
  const names = Object.keys(options.members);
  if (names.length === 0) throw new CoxswainError("OPTION_INVALID", "Expected at least one member, got none");
  const addressesOf = (name: string): readonly ActorAddress[] => {
    const member = memberOptions(options, name);
    const { count } = member;
    if (count === undefined) return [actorAddress(name)];
    wholeNumber(`the count of ${name}`, count, 1, countMax);
    return Array.from({ length: count }, (_, i) => actorAddress(`${name}.${i + 1}`));
  };
  const addresses = names.flatMap(addressesOf);
  const protocols = new Map<string, Protocol>();
  const known = new Set<string>(addresses);
  const members = names.flatMap((name) => {
    const member = memberOptions(options, name);
    for (const watched of member.watches ?? []) memberOptions(options, watched);
    const countsLives = Number.isFinite(options.faults?.[name]?.crashesMax ?? 0);
    return addressesOf(name).map((address) => {
      const { input, durable } = member;
      const isWritten = typeof durable === "function" ? durable : undefined;
      const birth = { self: address, addressesOf };
      return new Member(
        {
          name,
          address,
          options: member,
          input: typeof input === "function" ? input(birth) : input,
          countsLives,
          isWritten: isWritten && ((cell) => isWritten(viewOf(cell, address) as never)),
        },
        known,
        protocols,
      );
    });
  });
  const kinds = members.map(({ name }) => names.indexOf(name));
  const groups =
    options.fold === false ? [] : names.filter((name) => isSymmetric(options, name)).map(addressesOf);
  checkGroups(groups, addresses);
  const faults = names.map((name) => options.faults?.[name]);
  for (const name of Object.keys(options.faults ?? {})) memberOptions(options, name);
  for (const [i, fault] of faults.entries()) budget(`crashesMax of ${names[i]}`, fault?.crashesMax ?? 0);
  return {
    members,
    kinds,
    kindNames: names,
    addresses,
    swaps: swapsOf(groups),
    folded: groups.flat(),
    channels: channelsOf(options.channels ?? {}),
    events: (options.events ?? []).map((event) => plannedEvent(event, options, members)),
    crashesMax: faults.map((fault) => fault?.crashesMax ?? 0),
    restarts: faults.map((fault) => fault !== undefined && fault.restarts !== false),
    watchers: members.map((watched) =>
      members.flatMap(({ options: { watches = [] } }, place) =>
        watches.includes(watched.name) ? [place] : [],
      ),
    ),
  };
}

function memberOptions<M extends Members, H>({ members }: TeamOptions<M, H>, name: string): MemberOptions {
  if (Object.hasOwn(members, name)) return members[name] as MemberOptions;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected one of the team's members (${Object.keys(members).join(", ")}), got ${quote(name)}`,
  );
}

function isSymmetric<M extends Members, H>(options: TeamOptions<M, H>, name: string): boolean {
  const { symmetric = false, count = 1 } = memberOptions(options, name);
  return symmetric && count > 1;
}

/** @throws OPTION_INVALID where folding would cost more than it saves, or the names are ambiguous. */
function checkGroups(groups: readonly (readonly string[])[], addresses: readonly string[]): void {
  const ways = groups.reduce((product, { length }) => product * factorial(length), 1);
  if (ways > swapsMax) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected symmetric members that can be swapped in at most ${swapsMax} ways, got ${ways}`,
    );
  }
  for (const one of groups.flat()) {
    const other = addresses.find((address) => address !== one && `.${address}.`.includes(`.${one}.`));
    if (other === undefined) continue;
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected names that do not contain one another beside symmetric members, got ${one} and ${other}`,
    );
  }
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function channelsOf(given: ChannelOptions): TeamPlan["channels"] {
  const { lossesMax = 0, duplicatesMax = 0, overtakesMax = 0, delaysMax = Number.POSITIVE_INFINITY } = given;
  for (const [name, value] of Object.entries({ lossesMax, duplicatesMax, overtakesMax, delaysMax })) {
    budget(name, value);
  }
  const { inFlightMax = inFlightMaxDefault } = given;
  wholeNumber("inFlightMax", inFlightMax, 1, 1_000);
  const { faulty } = given;
  const bounds = { lossesMax, duplicatesMax, overtakesMax, delaysMax, inFlightMax };
  return faulty === undefined ? bounds : { ...bounds, faulty };
}

function budget(name: string, value: number): void {
  if (value !== Number.POSITIVE_INFINITY) wholeNumber(name, value, 0, 1_000_000);
}

function plannedEvent<M extends Members, H>(
  event: TeamEvent,
  options: TeamOptions<M, H>,
  members: readonly Member[],
): PlannedEvent {
  const { protocol } = memberOptions(options, event.to);
  budget(`timesMax of ${event.message.type}`, event.timesMax ?? 1);
  const { type, ...given } = event.message;
  const to = members.flatMap(({ name }, place) => (name === event.to ? [place] : []));
  if (protocol === undefined) return { event, body: given, protocol: "", to };
  const schema = payloadSchema(protocol, type);
  const checked = schema === undefined ? undefined : validate(schema, given);
  if (checked?.ok) return { event, body: checked.value as object, protocol: protocol.name, to };
  const issue = checked === undefined ? `it is no message of ${protocol.name}` : checked.issues;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected an event that ${event.to} accepts: ${issue}; got ${quote(event.message)}`,
  );
}
