/** Where the console is, as the address says. Above: app, keys. Below: nothing. */
export type Page = "inbox" | "approvals" | "knowledge" | "tickets" | "specialists" | "autonomy" | "stats" | "report" | "contacts" | "more";

export interface Place {
  page: Page;
  id: string | null;
}

export function readPlace(): Place {
  const [, page, id] = location.hash.split("/");
  if (page === "c" && id && /^cv_[\w-]+$/u.test(id)) return { page: "inbox", id };
  if (page === "tickets") return { page, id: id && /^[\w-]+$/u.test(id) ? id : null };
  if (page === "contacts") return { page, id: id && /^ct_[\w-]+$/u.test(id) ? id : null };
  const known: Page[] = ["approvals", "knowledge", "specialists", "autonomy", "stats", "report", "more"];
  return { page: known.find((one) => one === page) ?? "inbox", id: null };
}
