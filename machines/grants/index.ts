export * from "./book.ts";
export * from "./issue.ts";
export * from "./narrow.ts";
export * from "./revoke.ts";
export * from "./spend.ts";
