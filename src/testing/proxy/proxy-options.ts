import { quote } from "../../../protocols/index.ts";
import { checkOptions, numberOption, optionError } from "../../transport/options.ts";
import type { FrameDirection } from "./frame.ts";

const exampleTarget = "nats://127.0.0.1:4222";

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
  /** "user:pass@", or empty. */
  readonly login: string;
}

/** @throws OPTION_INVALID. Secrets are never quoted. */
export function targetOf(target: unknown): ProxyTarget {
  const text = typeof target === "string" ? target.trim() : "";
  const full = text.includes("://") ? text : `nats://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const shown = quote(typeof target === "string" ? target.replace(/\/\/[^@/]*@/, "//…@") : target);
  if (url?.protocol === "tls:") {
    throw optionError(`Expected a target like "${exampleTarget}": the proxy cannot read TLS, got ${shown}`);
  }
  if (url?.protocol !== "nats:" || url.hostname === "" || !/^\/?$/.test(url.pathname)) {
    throw optionError(`Expected a target like "${exampleTarget}", got ${shown}`);
  }
  const { username, password } = url;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 4222 : Number(url.port),
    login: username === "" ? "" : `${username}${password === "" ? "" : `:${password}`}@`,
  };
}

/** How often a rule may act: a whole number, or Infinity. */
export function timesOption(times: unknown, fallback: number): number {
  if (times === undefined) return fallback;
  if (times === Number.POSITIVE_INFINITY) return times;
  return numberOption("times", times, fallback, 1);
}

export function directionOption(direction: unknown, fallback: FrameDirection): FrameDirection {
  if (direction === undefined) return fallback;
  if (direction === "toServer" || direction === "toClient") return direction;
  throw optionError(`Expected direction to be "toServer" or "toClient", got ${quote(direction)}`);
}

export function predicateOption<T>(owner: string, predicate: T): T {
  if (typeof predicate === "function") return predicate;
  throw optionError(`Expected ${owner} to be given a predicate, got ${quote(predicate)}`);
}

export function durationOption(name: string, value: unknown): number | undefined {
  return value === undefined ? undefined : numberOption(name, value, 0, 0);
}

/** Checks the names of a rule's options. @throws OPTION_INVALID */
export function ruleOptions<T extends object>(owner: string, options: T, known: readonly string[]): T {
  checkOptions(owner, options, ["times", ...known]);
  return options;
}
